#!lua
-- Returns { 0, suffix_match, 1 }, or { 0, suffix_match, 0 } when there are too many
-- records; {} when refused, or the { allowfrom } that the caller has to compare.
local found = authenticate()
if not found.granted then
	return found.reply
end
redis.call('ZREMRANGEBYSCORE', key.records, '-inf', decimal(now_ms))
if not redis.call('ZSCORE', key.records, arg.value) and
	redis.call('ZCARD', key.records) >= tonumber(arg.most) then
	return { found.level, found.suffix_match, 0 }
end
redis.call('ZADD', key.records, arg.until_ms, arg.value)
-- The key expires with the last of its values, unless one of them has no end.
local last = redis.call('ZRANGE', key.records, -1, -1, 'WITHSCORES')[2]
if last == 'inf' then
	redis.call('PERSIST', key.records)
else
	redis.call('PEXPIREAT', key.records, last)
end
note_use(found)
audit('persisted', 'value', arg.value)
return { found.level, found.suffix_match, 1 }
