#!lua
-- KEYS[2] persistent, KEYS[3] the name's own authorisation
-- ARGV[7] secret_hash presented, ARGV[8] allowfrom compared,
-- ARGV[9] value, ARGV[10] until when, ms, or +inf, ARGV[11] most values
-- Returns { 0, suffix_match, 1 }, with 0 for 1 when there are too many; {} when
-- refused, or { allowfrom } to compare.
local level, suffix_match = authenticate(3)
if not level then
	return { suffix_match }
end
local value = ARGV[9]
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', decimal(now_ms))
if not redis.call('ZSCORE', KEYS[2], value) and
	redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[11]) then
	return { level, suffix_match, 0 }
end
redis.call('ZADD', KEYS[2], ARGV[10], value)
-- The key goes with the last of its values, if all of them have an end.
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then
	redis.call('PERSIST', KEYS[2])
else
	redis.call('PEXPIREAT', KEYS[2], last)
end
redis.call('HSET', KEYS[3], 'last_used_at', decimal(now_ms))
audit('persisted', 'value', value)
return { level, suffix_match, 1 }
