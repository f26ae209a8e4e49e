#!lua
-- KEYS[3] response, KEYS[4 ...] authorisations, the name's own first
-- ARGV[9] secret_hash presented, ARGV[10] allowfrom compared,
-- ARGV[11] value, ARGV[12] life_ms, ARGV[13] most values
-- Returns { level, suffix_match, 1 }, {} when refused, or
-- { allowfrom } to compare.
local level, suffix_match, life_ms = authenticate(4)
if not level then
	return { suffix_match }
end
local value, most = ARGV[11], tonumber(ARGV[13])
life_ms = tonumber(life_ms or ARGV[12])
local now, expires = decimal(now_ms), decimal(now_ms + life_ms)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local n = redis.call('ZCARD', KEYS[3])
if n >= most and not redis.call('ZSCORE', KEYS[3], value) then
	-- the oldest goes, never the one that comes
	redis.call('ZREMRANGEBYRANK', KEYS[3], 0, n - most)
	n = most - 1
end
n = n + redis.call('ZADD', KEYS[3], expires, value)
-- The key goes with the last of its values; not all have the same life.
local last = expires
if n > 1 then
	last = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2]
end
redis.call('PEXPIREAT', KEYS[3], last)
redis.call('HSET', KEYS[4 + level], 'last_used_at', now)
audit('published', 'value', value)
return { level, suffix_match, 1 }
