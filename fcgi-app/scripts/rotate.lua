#!lua
-- KEYS[3] authorisation
-- ARGV[9] secret_hash presented, ARGV[10] allowfrom compared,
-- ARGV[11] the new secret_hash
-- Returns { level, suffix_match, 1 }, {} when refused, or
-- { allowfrom } to compare.
local level, suffix_match = authenticate(3)
if not level then
	return { suffix_match }
end
redis.call('HSET', KEYS[3], 'secret_hash', ARGV[11])
audit('rotated')
return { level, suffix_match, 1 }
