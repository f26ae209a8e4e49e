#!lua
-- KEYS[3] persistent, KEYS[4] the name's own authorisation
-- ARGV[9] secret_hash presented, ARGV[10] allowfrom compared,
-- ARGV[11] value, ARGV[12] until when, ms, or +inf, ARGV[13] most values
-- Returns { 0, suffix_match, 1 }, with 0 for 1 when there are too many; {} when
-- refused, or { allowfrom } to compare.
local level, suffix_match = authenticate(4)
if not level then
	return { suffix_match }
end
local value = ARGV[11]
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', decimal(now_ms))
if not redis.call('ZSCORE', KEYS[3], value) and
	redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[13]) then
	return { level, suffix_match, 0 }
end
redis.call('ZADD', KEYS[3], ARGV[12], value)
-- The key goes with the last of its values, if all of them have an end.
local last = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then
	redis.call('PERSIST', KEYS[3])
else
	redis.call('PEXPIREAT', KEYS[3], last)
end
redis.call('HSET', KEYS[4], 'last_used_at', decimal(now_ms))
audit('persisted', 'value', value)
return { level, suffix_match, 1 }
