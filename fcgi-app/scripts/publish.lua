#!lua
-- KEYS[2] response, KEYS[3 ...] authorisations, the name's own first
-- ARGV[7] secret_hash presented, ARGV[8] allowfrom compared,
-- ARGV[9] value, ARGV[10] life_ms, ARGV[11] most values
-- Returns { level, suffix_match, 1 }, {} when refused, or
-- { allowfrom } to compare.
local level, suffix_match, life_ms = authenticate(3)
if not level then
	return { suffix_match }
end
local value, most = ARGV[9], tonumber(ARGV[11])
life_ms = tonumber(life_ms or ARGV[10])
local now, expires = decimal(now_ms), decimal(now_ms + life_ms)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local n = redis.call('ZCARD', KEYS[2])
if n >= most and not redis.call('ZSCORE', KEYS[2], value) then
	-- the oldest goes, never the one that comes
	redis.call('ZREMRANGEBYRANK', KEYS[2], 0, n - most)
	n = most - 1
end
n = n + redis.call('ZADD', KEYS[2], expires, value)
-- The key goes with the last of its values; not all have the same life.
local last = expires
if n > 1 then
	last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
end
redis.call('PEXPIREAT', KEYS[2], last)
redis.call('HSET', KEYS[3 + level], 'last_used_at', now)
audit('published', 'value', value)
return { level, suffix_match, 1 }
