#!lua flags=allow-oom
-- Remove creations that nobody has confirmed in time, and the oldest events of an audit
-- log that has grown too large.  Returns how many creations that were.
local octets = redis.call('MEMORY', 'USAGE', key.audit) or 0
if octets > tonumber(arg.audit_octets) then
	local n = redis.call('XLEN', key.audit)
	redis.call('XTRIM', key.audit, 'MAXLEN', '~',
		decimal(math.floor(n * arg.audit_octets / octets)))
end
local late = redis.call('ZRANGEBYSCORE', key.unconfirmed, '-inf',
	'(' .. decimal(now_ms), 'LIMIT', 0, 100)
for _, name in ipairs(late) do
	if read(name) then
		redis.call('ZREM', key.unconfirmed, name)
	else
		remove(name)
		authorisation = name
		audit('lapsed')
	end
end
return #late
