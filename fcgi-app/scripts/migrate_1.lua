#!lua
-- From schema 1 to 2: the counts of authorisations below a name were the fields
-- of one hash, "NAME" for those one label below and ".NAME" for all; now each
-- name has a hash of its own.
-- KEYS[1] store, KEYS[2] parents
-- ARGV[1] the prefix of the hashes
-- Returns 1, or 0 when another was quicker.
if redis.call('HGET', KEYS[1], 'schema') ~= '1' then
	return 0
end
local counts = redis.call('HGETALL', KEYS[2])
for i = 1, #counts, 2 do
	local name, count = counts[i], counts[i + 1]
	local all = string.match(name, '^%.(.*)')
	redis.call('HSET', ARGV[1] .. (all or name),
		all and 'descendants' or 'children', count)
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'schema', '2')
return 1
