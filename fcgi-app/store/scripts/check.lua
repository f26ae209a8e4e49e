#!lua
-- Returns what granted() and refused() do.
local found = authenticate()
if not found.granted then
	return refused(found)
end
return granted(found, 0)
