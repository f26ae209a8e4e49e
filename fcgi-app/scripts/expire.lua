#!lua flags=allow-oom
-- KEYS[2] responses or persistent records, KEYS[3 ...] authorisations, the name's own first
-- ARGV[7] secret_hash presented, ARGV[8] allowfrom compared,
-- ARGV[9] value or '' for all, ARGV[10] event
-- Returns { level, suffix_match, how many live ones went }, {} when refused, or
-- { allowfrom } to compare.
local level, suffix_match = authenticate(3)
if not level then
	return { suffix_match }
end
local n = 0
local live = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. decimal(now_ms), '+inf')
for _, value in ipairs(live) do
	if ARGV[9] == '' or ARGV[9] == value then
		redis.call('ZREM', KEYS[2], value)
		audit(ARGV[10], 'value', value)
		n = n + 1
	end
end
return { level, suffix_match, n }
