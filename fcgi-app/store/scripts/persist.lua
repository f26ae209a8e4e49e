#!lua
-- Returns what granted() and refused() do, with 1; or 0 when there are too many.
local found = authenticate()
if not found.granted then
	return refused(found)
end
redis.call('ZREMRANGEBYSCORE', records_key, '-inf', decimal(now_ms))
if not redis.call('ZSCORE', records_key, arg.value) and
	redis.call('ZCARD', records_key) >= tonumber(arg.most) then
	return granted(found, 0)
end
redis.call('ZADD', records_key, arg.until_ms, arg.value)
-- The key expires with the last of its values, unless one of them has no end.
local last = redis.call('ZRANGE', records_key, -1, -1, 'WITHSCORES')[2]
if last == 'inf' then
	redis.call('PERSIST', records_key)
else
	redis.call('PEXPIREAT', records_key, last)
end
note_use(found)
audit('persisted', 'value', arg.value)
return granted(found, 1)
