#!lua flags=allow-oom
-- KEYS[3] responses or persistent records, KEYS[4 ...] authorisations, the name's own first
-- ARGV[9] secret_hash presented, ARGV[10] allowfrom compared,
-- ARGV[11] value or '' for all, ARGV[12] event
-- Returns { level, suffix_match, how many live ones went }, {} when refused, or
-- { allowfrom } to compare.
local level, suffix_match = authenticate(4)
if not level then
	return { suffix_match }
end
local n = 0
local live = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. decimal(now_ms), '+inf')
for _, value in ipairs(live) do
	if ARGV[11] == '' or ARGV[11] == value then
		redis.call('ZREM', KEYS[3], value)
		audit(ARGV[12], 'value', value)
		n = n + 1
	end
end
return { level, suffix_match, n }
