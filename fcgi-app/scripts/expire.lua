#!lua flags=allow-oom
-- KEYS[2] response, KEYS[3 ...] authorisations, the name's own first
-- ARGV[7] secret_hash presented, ARGV[8] value or '' for all
-- Returns { level, suffix_match, how many live ones went }, or {} when refused.
local level, suffix_match = authenticate(3, ARGV[7])
if not level then
	return {}
end
local n = 0
local live = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. decimal(now_ms), '+inf')
for _, value in ipairs(live) do
	if ARGV[8] == '' or ARGV[8] == value then
		redis.call('ZREM', KEYS[2], value)
		audit('expired', 'value', value)
		n = n + 1
	end
end
return { level, suffix_match, n }
