#!lua flags=allow-oom
-- KEYS[2] authorisation, KEYS[3] authorisations, KEYS[4] parents,
-- KEYS[5] response, KEYS[6] persistent
-- ARGV[7] secret_hash that it must have, or '' for whatever it is,
-- ARGV[8 ...] names above, nearest first
-- Returns 1, or 0 when there is none (with this hash).
local hash = redis.call('HGET', KEYS[2], 'secret_hash')
if not hash or (ARGV[7] ~= '' and hash ~= ARGV[7]) then
	return 0
end
redis.call('DEL', KEYS[2], KEYS[5], KEYS[6])
redis.call('ZREM', KEYS[3], name)
count_below(KEYS[4], 8, -1)
audit('deleted')
return 1
