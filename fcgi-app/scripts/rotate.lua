#!lua
-- KEYS[2] authorisation
-- ARGV[7] new secret_hash, ARGV[8] old secret_hash or '' for whatever it is
-- Returns 1, or 0 when the old one is not in force (any more).
local old = redis.call('HGET', KEYS[2], 'secret_hash')
if not old or (ARGV[8] ~= '' and old ~= ARGV[8]) then
	return 0
end
redis.call('HSET', KEYS[2], 'secret_hash', ARGV[7])
audit('rotated')
return 1
