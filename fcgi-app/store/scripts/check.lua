#!lua
-- Returns { level, suffix_match, 0 }, {} when refused, or { allowfrom } to
-- compare.  It writes a refusal to the audit log and nothing else.
local found = authenticate()
if not found.granted then
	return found.reply
end
return { found.level, found.suffix_match, 0 }
