#!lua
-- Returns { level, suffix_match, 1 }, {} when refused, or the { allowfrom } that
-- the caller has to compare.
local found = authenticate()
if not found.granted then
	return found.reply
end
local most = tonumber(arg.most)
local life_ms = tonumber(found.life_ms or arg.life_ms)
local now, expires = decimal(now_ms), decimal(now_ms + life_ms)
redis.call('ZREMRANGEBYSCORE', key.responses, '-inf', now)
local n = redis.call('ZCARD', key.responses)
if n >= most and not redis.call('ZSCORE', key.responses, arg.value) then
	-- The oldest is removed, never the new one.
	redis.call('ZREMRANGEBYRANK', key.responses, 0, n - most)
	n = most - 1
end
n = n + redis.call('ZADD', key.responses, expires, arg.value)
-- The key expires with the last of its values, which may be an older one.
local last = expires
if n > 1 then
	last = redis.call('ZRANGE', key.responses, -1, -1, 'WITHSCORES')[2]
end
redis.call('PEXPIREAT', key.responses, last)
note_use(found)
audit('published', 'value', arg.value)
return { found.level, found.suffix_match, 1 }
