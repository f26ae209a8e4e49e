#!lua flags=allow-oom
-- Delete an authorisation.  Who had a name delegated to us still has, for now: until
-- arg.hold_ms have passed, only the account that owned it may create it again.
-- Returns 1, or 0 when there is none.
local found = read(arg.name)
if not found then
	return 0
end
remove(arg.name)
if arg.hold_ms ~= '0' and string.find(arg.name, '.', 1, true) then
	redis.call('SET', key.deleted_of .. arg.name,
		tostring(found.suffix_match) .. ' ' .. found.account, 'PX', arg.hold_ms)
end
authorisation, owner = arg.name, found.account
audit('deleted')
return 1
