#!lua flags=allow-oom
-- arg.secret_hash is what the authorisation must have, or '' for any.
-- Returns 1, or 0 when there is no such authorisation.
local hash = redis.call('HGET', key.own, 'secret_hash')
if not hash or (arg.secret_hash ~= '' and hash ~= arg.secret_hash) then
	return 0
end
redis.call('DEL', key.own, key.responses, key.records)
redis.call('ZREM', key.authorisations, arg.name)
redis.call('ZREM', key.last_used, arg.name)
count_below(-1)
audit('deleted')
return 1
