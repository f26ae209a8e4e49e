#!lua
-- Create an account.  Returns 1, or 0 when there is one of that name, or with that
-- secret.
local own = key.account_of .. arg.account
if redis.call('EXISTS', own) == 1 or
	redis.call('HEXISTS', key.account_secrets, arg.secret_hash) == 1 then
	return 0
end
redis.call('HSET', own, 'secret:' .. arg.secret_hash, decimal(now_ms),
	'created_at', decimal(now_ms))
if arg.permit ~= '' then
	redis.call('HSET', own, 'permit', arg.permit)
end
redis.call('HSET', key.account_secrets, arg.secret_hash, arg.account)
redis.call('ZADD', key.accounts, decimal(now_ms), arg.account)
owner = arg.account
audit('account created')
return 1
