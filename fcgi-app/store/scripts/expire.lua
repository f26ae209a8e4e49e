#!lua flags=allow-oom
-- arg.event is 'expired' for responses or 'removed' for persistent records.
-- Returns { level, suffix_match, how many live ones were removed }, {} when
-- refused, or the { allowfrom } that the caller has to compare.
local found = authenticate()
if not found.granted then
	return found.reply
end
local values = arg.event == 'expired' and key.responses or key.records
local n = 0
local live = redis.call('ZRANGEBYSCORE', values, '(' .. decimal(now_ms), '+inf')
for _, value in ipairs(live) do
	if arg.value == '' or arg.value == value then
		redis.call('ZREM', values, value)
		audit(arg.event, 'value', value)
		n = n + 1
	end
end
return { found.level, found.suffix_match, n }
