#!lua
-- KEYS[2] authorisation
-- ARGV[7] secret_hash presented, ARGV[8] the new one
-- Returns { level, suffix_match, 1 }, or {} when refused.
local level, suffix_match = authenticate(2, ARGV[7])
if not level then
	return {}
end
redis.call('HSET', KEYS[2], 'secret_hash', ARGV[8])
audit('rotated')
return { level, suffix_match, 1 }
