#!lua
-- KEYS[3 ...] authorisations, the name's own first
-- ARGV[9] secret_hash presented, ARGV[10] allowfrom compared
-- Returns { level, suffix_match, 0 }, {} when refused, or { allowfrom } to
-- compare.  It writes a refusal to the audit log and nothing else.
local level, suffix_match = authenticate(3)
if not level then
	return { suffix_match }
end
return { level, suffix_match, 0 }
