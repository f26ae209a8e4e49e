#!lua flags=allow-oom
-- arg.event is 'expired' for responses or 'removed' for persistent records.
-- Returns what granted() and refused() do, with how many live ones were removed; or
-- { 'free' } for an account when nothing covers a name that it may have.
local found = authenticate()
if not found.granted then
	if found.is_free and found.account and
		is_permitted(found.account, arg.name, false) then
		return { 'free' }
	end
	return refused(found)
end
local values = arg.event == 'expired' and responses_key or records_key
local n = 0
local live = redis.call('ZRANGEBYSCORE', values, '(' .. decimal(now_ms), '+inf')
for _, value in ipairs(live) do
	if arg.value == '' or arg.value == value then
		redis.call('ZREM', values, value)
		audit(arg.event, 'value', value)
		n = n + 1
	end
end
return granted(found, n)
