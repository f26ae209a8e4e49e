#!lua
-- Give the store an identity, unless it has one.
-- KEYS[1] store, KEYS[2] authorisations, KEYS[3] audit
-- ARGV[1] id, ARGV[2] the schema of today
-- Returns { id }.
if redis.call('HEXISTS', KEYS[1], 'id') == 0 then
	-- Before there were identities the schema was 1.
	local is_new = redis.call('EXISTS', KEYS[2], KEYS[3]) == 0
	redis.call('HSET', KEYS[1], 'id', ARGV[1],
		'schema', is_new and ARGV[2] or '1')
end
return { redis.call('HGET', KEYS[1], 'id') }
