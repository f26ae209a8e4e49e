#!lua
-- Returns 1, or { why not }.
local who = arg.account
if by_administrator then
	if who ~= '' and redis.call('EXISTS', key.account_of .. who) == 0 then
		return { 'account' }
	end
else
	who = presented_account() or ''
	account = who
	if who == '' and arg.right == 'account' then
		return refuse('account')
	end
	-- Covering other people's names takes somebody who answers for it.  A permit is
	-- about domain names, not about the labels of registrations.
	local all_below = arg.suffix_match == 'true'
	local is_domain = string.find(arg.name, '.', 1, true)
	if who == '' and all_below or
		who ~= '' and is_domain and not is_permitted(who, arg.name, all_below) then
		return refuse('permit')
	end
end
local reason = create(who)
if reason then
	return refuse(reason)
end
return 1
