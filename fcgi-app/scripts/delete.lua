#!lua flags=allow-oom
-- KEYS[2] authorisation, KEYS[3] authorisations, KEYS[4] parents,
-- KEYS[5] response
-- ARGV[7] secret_hash that it must have, or '' for whatever it is,
-- ARGV[8] name of the parent or ''
-- Returns 1, or 0 when there is none (with this hash).
local hash = redis.call('HGET', KEYS[2], 'secret_hash')
if not hash or (ARGV[7] ~= '' and hash ~= ARGV[7]) then
	return 0
end
redis.call('DEL', KEYS[2], KEYS[5])
redis.call('ZREM', KEYS[3], name)
if ARGV[8] ~= '' and redis.call('HINCRBY', KEYS[4], ARGV[8], -1) <= 0 then
	redis.call('HDEL', KEYS[4], ARGV[8])
end
audit('deleted')
return 1
