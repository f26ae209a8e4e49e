#!lua
-- Give the store an identity, unless it has one.  Returns { id }.
if redis.call('HEXISTS', key.store, 'id') == 0 then
	-- A store with data but without an identity has schema 1.
	local is_new = redis.call('EXISTS', key.authorisations, key.audit) == 0
	redis.call('HSET', key.store, 'id', arg.store_id,
		'schema', is_new and arg.schema or '1')
end
return { redis.call('HGET', key.store, 'id') }
