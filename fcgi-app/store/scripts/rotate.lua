#!lua
-- Add a secret, which ends the one that was presented as soon as it is used; or all
-- others, when an account or an administrator asks for it.
-- Returns what granted() and refused() do, with 1.
local found = authenticate()
if not found.granted then
	return refused(found)
end
-- There are at most 16, and the one that was presented stays.  Rotations whose answer
-- was lost leave secrets that nobody knows: the oldest that were never used go first.
local function age(hash)
	local is_used = redis.call('HEXISTS', own_key, 'ends:' .. hash) == 0
	return (is_used and '1 ' or '0 ') .. redis.call('HGET', own_key, 'secret:' .. hash)
end
local secrets = {}
for _, field in ipairs(redis.call('HKEYS', own_key)) do
	local hash = string.match(field, '^secret:(.*)')
	if hash and hash ~= arg.presented then
		secrets[#secrets + 1] = { hash = hash, age = age(hash) }
	end
end
table.sort(secrets, function(a, b)
	return a.age < b.age
end)
for i = 1, #secrets - 14 do
	local hash = secrets[i].hash
	redis.call('HDEL', own_key, 'secret:' .. hash, 'ends:' .. hash)
	redis.call('ZREM', key.secrets_used, hash)
end
redis.call('HSET', own_key, 'secret:' .. arg.secret_hash, decimal(now_ms),
	'ends:' .. arg.secret_hash, found.by_secret and arg.presented or '*')
audit('rotated')
return granted(found, 1)
