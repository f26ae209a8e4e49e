#!lua
-- KEYS[2] response, KEYS[3 ...] authorisations, the name's own first
-- ARGV[7] secret_hash presented, ARGV[8] value, ARGV[9] life_ms,
-- ARGV[10] most values
-- Returns { level, suffix_match, 1 }, or {} when refused.
local level, suffix_match = authenticate(3, ARGV[7])
if not level then
	return {}
end
local value, life_ms, most = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', decimal(now_ms))
if not redis.call('ZSCORE', KEYS[2], value) then
	local n = redis.call('ZCARD', KEYS[2])
	if n >= most then -- the oldest goes, never the one that comes
		redis.call('ZREMRANGEBYRANK', KEYS[2], 0, n - most)
	end
end
redis.call('ZADD', KEYS[2], decimal(now_ms + life_ms), value)
redis.call('PEXPIRE', KEYS[2], ARGV[9])
redis.call('HSET', KEYS[3 + level], 'last_used_at', decimal(now_ms))
audit('published', 'value', value)
return { level, suffix_match, 1 }
