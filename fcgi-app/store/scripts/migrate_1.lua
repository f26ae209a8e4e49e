#!lua
-- From schema 1 to 2: the counts of authorisations below a name were the fields
-- of one hash, "NAME" for those one label below and ".NAME" for all; now each
-- name has a hash of its own.  The hash of then is key.above, and arg.value the
-- prefix of those of now.
-- Returns 1, or 0 when another was quicker.
if redis.call('HGET', key.store, 'schema') ~= '1' then
	return 0
end
local counts = redis.call('HGETALL', key.above)
for i = 1, #counts, 2 do
	local name, count = counts[i], counts[i + 1]
	local all = string.match(name, '^%.(.*)')
	redis.call('HSET', arg.value .. (all or name),
		all and 'descendants' or 'children', count)
end
redis.call('DEL', key.above)
redis.call('HSET', key.store, 'schema', '2')
return 1
