#!lua
-- Migrate from schema 1 to 2.  In schema 1 one hash had the counts of authorisations
-- below all names: field "NAME" for those one label below, ".NAME" for those at any
-- depth.  In schema 2 each name has its own hash.
-- Returns 1, or 0 when somebody else was quicker.
if redis.call('HGET', key.store, 'schema') ~= '1' then
	return 0
end
local counts = redis.call('HGETALL', key.parents)
for i = 1, #counts, 2 do
	local name, count = counts[i], counts[i + 1]
	local all = string.match(name, '^%.(.*)')
	redis.call('HSET', key.below_of .. (all or name),
		all and 'descendants' or 'children', count)
end
redis.call('DEL', key.parents)
redis.call('HSET', key.store, 'schema', '2')
return 1
