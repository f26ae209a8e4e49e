#!lua
-- Migrate from schema 2 to 3.  In schema 2 the hash of an authorisation said when it
-- was last used; in schema 3 a sorted set does for all of them.
-- Returns 1, or 0 if another client has migrated already.
if redis.call('HGET', key.store, 'schema') ~= '2' then
	return 0
end
for _, name in ipairs(redis.call('ZRANGE', key.authorisations, 0, -1)) do
	local hash = key.authorisation_of .. name
	local used_at = redis.call('HGET', hash, 'last_used_at')
	if used_at then
		redis.call('ZADD', key.last_used, used_at, name)
		redis.call('HDEL', hash, 'last_used_at')
	end
end
redis.call('HSET', key.store, 'schema', '3')
return 1
