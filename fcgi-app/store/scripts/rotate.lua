#!lua
-- Add a secret, which ends the one that was presented as soon as it is used; or all
-- others, when an account or an administrator asks for it.
-- Returns what granted() and refused() do, with 1.
local found = authenticate()
if not found.granted then
	return refused(found)
end
-- Rotations whose answer was lost leave secrets that nobody knows.
local unused = {}
for _, field in ipairs(redis.call('HKEYS', own_key)) do
	unused[#unused + 1] = string.match(field, '^ends:(.*)')
end
if #unused >= 16 then
	table.sort(unused, function(a, b)
		return redis.call('HGET', own_key, 'secret:' .. a) <
			redis.call('HGET', own_key, 'secret:' .. b)
	end)
	redis.call('HDEL', own_key, 'secret:' .. unused[1], 'ends:' .. unused[1])
end
redis.call('HSET', own_key, 'secret:' .. arg.secret_hash, decimal(now_ms),
	'ends:' .. arg.secret_hash, found.by_secret and arg.presented or '*')
audit('rotated')
return granted(found, 1)
