#!lua flags=allow-oom
-- Remove creations that nobody has confirmed in time.  Returns how many.
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
