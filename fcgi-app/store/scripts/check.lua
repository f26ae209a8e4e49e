#!lua
-- Returns { level, suffix_match, 0 }, {} when refused, or the { allowfrom } that
-- the caller has to compare.  It writes nothing, except a refusal to the audit log.
local found = authenticate()
if not found.granted then
	return found.reply
end
return { found.level, found.suffix_match, 0 }
