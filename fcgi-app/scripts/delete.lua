#!lua flags=allow-oom
-- KEYS[3] authorisation, KEYS[4] authorisations, KEYS[5] response,
-- KEYS[6] persistent, KEYS[7 ...] below, of the names above, nearest first
-- ARGV[9] secret_hash that it must have, or '' for whatever it is
-- Returns 1, or 0 when there is none (with this hash).
local hash = redis.call('HGET', KEYS[3], 'secret_hash')
if not hash or (ARGV[9] ~= '' and hash ~= ARGV[9]) then
	return 0
end
redis.call('DEL', KEYS[3], KEYS[5], KEYS[6])
redis.call('ZREM', KEYS[4], name)
count_below(7, -1)
audit('deleted')
return 1
