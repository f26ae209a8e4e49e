#!lua
-- Returns { level, suffix_match, 1 }, {} when refused, or the { allowfrom } that
-- the caller has to compare.
local found = authenticate()
if not found.granted then
	return found.reply
end
redis.call('HSET', key.own, 'secret_hash', arg.secret_hash)
audit('rotated')
return { found.level, found.suffix_match, 1 }
