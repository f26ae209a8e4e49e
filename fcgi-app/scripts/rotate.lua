#!lua
-- KEYS[2] authorisation
-- ARGV[7] secret_hash presented, ARGV[8] allowfrom compared,
-- ARGV[9] the new secret_hash
-- Returns { level, suffix_match, 1 }, {} when refused, or
-- { allowfrom } to compare.
local level, suffix_match = authenticate(2)
if not level then
	return { suffix_match }
end
redis.call('HSET', KEYS[2], 'secret_hash', ARGV[9])
audit('rotated')
return { level, suffix_match, 1 }
