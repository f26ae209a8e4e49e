#!lua
-- KEYS[2] authorisation, KEYS[3] response
-- ARGV[7] secret_hash that was checked, ARGV[8] value, ARGV[9] life_ms,
-- ARGV[10] most values
-- Returns 1, or 0 when the secret is not in force any more.
if redis.call('HGET', KEYS[2], 'secret_hash') ~= ARGV[7] then
	return 0
end
local value, life_ms, most = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', decimal(now_ms))
if not redis.call('ZSCORE', KEYS[3], value) then
	local n = redis.call('ZCARD', KEYS[3])
	if n >= most then -- the oldest goes, never the one that comes
		redis.call('ZREMRANGEBYRANK', KEYS[3], 0, n - most)
	end
end
redis.call('ZADD', KEYS[3], decimal(now_ms + life_ms), value)
redis.call('PEXPIRE', KEYS[3], decimal(life_ms))
redis.call('HSET', KEYS[2], 'last_used_at', decimal(now_ms))
audit('published', 'value', value)
return 1
