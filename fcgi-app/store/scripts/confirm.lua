#!lua flags=allow-oom
-- Use a secret for the first time, from wherever it is.  Returns 1, or 0 when it is no
-- good any more.
local found = read(arg.name)
if not found or not found.has_secret then
	return 0
end
confirm(found)
return 1
