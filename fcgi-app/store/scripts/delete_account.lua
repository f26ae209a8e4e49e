#!lua flags=allow-oom
-- Delete an account; its authorisations stay.  Returns 1, or 0 when there is none.
local own = key.account_of .. arg.account
if redis.call('EXISTS', own) == 0 then
	return 0
end
for _, field in ipairs(redis.call('HKEYS', own)) do
	local hash = string.match(field, '^secret:(.*)')
	if hash then
		redis.call('HDEL', key.account_secrets, hash)
		redis.call('ZREM', key.secrets_used, hash)
	end
end
redis.call('DEL', own)
redis.call('ZREM', key.accounts, arg.account)
owner = arg.account
audit('account deleted')
return 1
