-- The head of every script but a few: it checks the store's identity, and defines
-- what the scripts share.  The Makefile puts it after the script's first line, which
-- makes Redis refuse the whole script when Redis is out of memory, read-only or
-- short of replicas.
-- Another store is left alone: store_check() finds out which one it is.
local self = redis.call('HMGET', key.store, 'id', 'schema')
if self[1] ~= arg.store_id or self[2] ~= arg.schema then
	return redis.error_reply('WRONGSTORE this is not the store that is meant')
end

-- The clock is Redis's own, so that all writers agree.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

-- Whoever sent this has given up, and may have asked for the contrary since.
if arg.deadline_ms ~= '0' and now_ms > tonumber(arg.deadline_ms) then
	return redis.error_reply('LATE nobody waits for this any more')
end

local function decimal(n)
	return string.format('%.0f', n)
end

local own_key = key.authorisation_of .. arg.name
local records_key = key.records_of .. arg.name
local responses_key = key.responses_of .. arg.name ..
	(arg.label ~= '' and '/' .. arg.label or '')

local by_administrator = arg.right == 'administrator'
local account = '' -- who acts, if an account does
local owner = '' -- the account that owns the authorisation
local authorisation = '' -- its name

-- Write one event, and remove old ones, a node of the stream at a time.
local function audit(event, ...) -- and fields and their values
	local oldest_ms = math.max(0, now_ms - tonumber(arg.retention_ms))
	redis.call('XADD', key.audit, 'MINID', '~', decimal(oldest_ms), '*',
		'event', event, 'name', arg.name ~= '' and arg.name or authorisation,
		'authorisation', authorisation,
		'account', account, 'owner', owner, 'ip', arg.ip, 'via', arg.via, ...)
end

-- Count a refusal.  Whoever is refused writes nothing else, and there are never
-- more than 10,000 of these, so that a flood of them leaves the audit log alone.
local function refuse(reason)
	local what = table.concat({ arg.ip, arg.via, reason, arg.name }, ' ')
	redis.call('ZADD', key.refusals, decimal(now_ms), what)
	redis.call('HINCRBY', key.refused, what, 1)
	if redis.call('ZCARD', key.refusals) > 10000 then
		redis.call('HDEL', key.refused, redis.call('ZPOPMIN', key.refusals)[1])
	end
	return { reason }
end

-- The names above one that may have authorisations, nearest first.
local function above(name)
	local names = {}
	for at in string.gmatch(name, '()%.') do
		local level = string.sub(name, at + 1)
		if string.find(level, '.', 1, true) then
			names[#names + 1] = level
		end
	end
	return names
end

-- Read an authorisation: nil if there is none, or it was not confirmed in time.
local function read(name)
	local f = redis.call('HMGET', key.authorisation_of .. name, 'suffix_match',
		'account', 'allowfrom_bits', 'life_ms', 'confirm_by',
		'secret:' .. arg.presented, 'ends:' .. arg.presented)
	if not f[1] or (f[5] and tonumber(f[5]) < now_ms) then
		return nil
	end
	return { name = name, suffix_match = f[1] == 'true', account = f[2] or '',
		allowfrom_bits = f[3] or '', life_ms = f[4], confirm_by = f[5],
		has_secret = f[6], ends = f[7] }
end

-- The account whose secret was presented, if it is the one that was said to; or nil.
local function presented_account()
	local name = redis.call('HGET', key.account_secrets, arg.presented)
	if name and (arg.user == '' or arg.user == name) then
		return name
	end
	return nil
end

-- May an account have the name, and with all_below every name below it as well?  Its
-- permit has names, and with a leading dot all names below one.
local function is_permitted(who, name, all_below)
	local permit = redis.call('HGET', key.account_of .. who, 'permit')
	if not permit then
		return true
	end
	local has_name, has_below = false, not all_below
	for entry in string.gmatch(permit, '%S+') do
		local is_below = string.sub(name, -#entry) == entry
		if string.sub(entry, 1, 1) ~= '.' then
			has_name = has_name or entry == name
		else
			has_name = has_name or is_below
			has_below = has_below or is_below or entry == '.' .. name
		end
	end
	return has_name and has_below
end

-- Add one authorisation to the counts of each name above it (by is 1), or take one
-- away (-1).  "children" counts those one label below a name, "descendants" those at
-- any depth.
local function count_below(name, by)
	local is_parent = true
	for at in string.gmatch(name, '()%.') do
		local below = key.below_of .. string.sub(name, at + 1)
		if redis.call('HINCRBY', below, 'descendants', by) <= 0 then
			redis.call('DEL', below)
		elseif is_parent and redis.call('HINCRBY', below, 'children', by) <= 0 then
			redis.call('HDEL', below, 'children')
		end
		is_parent = false
	end
end

-- What an account, and what a network, has: its field in key.quotas.  The name of a
-- registration is a single label.
local function quota_of(name, kind, who)
	local what = string.find(name, '.', 1, true) and 'authorisations' or 'registrations'
	return table.concat({ what, kind, who }, ' ')
end

local function count_quotas(name, of_account, network, by)
	for kind, who in pairs({ account = of_account, network = network }) do
		local field = quota_of(name, kind, who)
		if who ~= '' and redis.call('HINCRBY', key.quotas, field, by) <= 0 then
			redis.call('HDEL', key.quotas, field)
		end
	end
end

local function has_room(name, kind, who, most)
	return most == '0' or who == '' or
		tonumber(redis.call('HGET', key.quotas, quota_of(name, kind, who)) or 0) <
		tonumber(most)
end

-- Remove all responses of a name.
local function clear(name)
	for _, label in ipairs(redis.call('ZRANGE', key.labels_of .. name, 0, -1)) do
		redis.call('DEL', key.responses_of .. name .. '/' .. label)
	end
	redis.call('DEL', key.responses_of .. name, key.labels_of .. name)
end

-- Remove an authorisation with all that was published by its right.
local function remove(name)
	local own = key.authorisation_of .. name
	local fields = redis.call('HGETALL', own)
	local of_account, network = '', ''
	for i = 1, #fields, 2 do
		local hash = string.match(fields[i], '^secret:(.*)')
		if hash then
			redis.call('ZREM', key.secrets_used, hash)
		elseif fields[i] == 'account' then
			of_account = fields[i + 1]
		elseif fields[i] == 'network' then
			network = fields[i + 1]
		end
	end
	for _, below in ipairs(redis.call('ZRANGE', key.published_of .. name, 0, -1)) do
		clear(below)
	end
	clear(name)
	redis.call('DEL', own, key.records_of .. name, key.published_of .. name)
	redis.call('ZREM', key.authorisations, name)
	redis.call('ZREM', key.last_used, name)
	redis.call('ZREM', key.unconfirmed, name)
	count_below(name, -1)
	count_quotas(name, of_account, network, -1)
end

-- Why may somebody not have a name?  nil if nothing speaks against it.
local function objection(who)
	local held = redis.call('GET', key.deleted_of .. arg.name)
	if held and (who == '' or string.match(held, ' (.*)') ~= who) then
		return 'deleted'
	end
	for _, level in ipairs(above(arg.name)) do
		local found = read(level)
		held = redis.call('GET', key.deleted_of .. level)
		if found and found.suffix_match and (who == '' or found.account ~= who) then
			return 'covered'
		end
		if held and string.match(held, '^true ') and
			(who == '' or string.match(held, ' (.*)') ~= who) then
			return 'deleted'
		end
	end
	if not has_room(arg.name, 'account', who, arg.most_of_account) or
		not has_room(arg.name, 'network', arg.network, arg.most_of_network) then
		return 'quota'
	end
	return nil
end

-- Create the authorisation arg.name for an account, or for nobody ('').
-- Returns nil, or why not.
local function create(who)
	if read(arg.name) then
		return 'taken'
	end
	local reason = not by_administrator and objection(who)
	if reason then
		return reason
	end
	if redis.call('EXISTS', own_key) == 1 then
		remove(arg.name) -- it was not confirmed in time
	end
	clear(arg.name) -- nothing is inherited
	redis.call('DEL', records_key, key.deleted_of .. arg.name)
	redis.call('HSET', own_key, 'suffix_match', arg.suffix_match, 'account', who,
		'created_at', decimal(now_ms), 'created_by_ip', arg.ip)
	for field, value in pairs({ network = arg.network, allowfrom = arg.allowfrom,
		allowfrom_bits = arg.allowfrom_bits, life_ms = arg.own_life_ms }) do
		if value ~= '' then
			redis.call('HSET', own_key, field, value)
		end
	end
	if arg.secret_hash ~= '' then
		local confirm_by = decimal(now_ms + tonumber(arg.confirm_ms))
		redis.call('HSET', own_key, 'secret:' .. arg.secret_hash, decimal(now_ms),
			'confirm_by', confirm_by)
		redis.call('ZADD', key.unconfirmed, confirm_by, arg.name)
	end
	redis.call('ZADD', key.authorisations, decimal(now_ms), arg.name)
	count_below(arg.name, 1)
	count_quotas(arg.name, who, arg.network, 1)
	authorisation, owner = arg.name, who
	audit('created')
	return nil
end

-- The first use of a new secret ends the one that it replaces, or all others ('*').
local function end_secrets(own, fresh, old)
	for _, field in ipairs(redis.call('HKEYS', own)) do
		local hash = string.match(field, '^secret:(.*)')
		if hash and hash ~= fresh and (old == '*' or hash == old) then
			redis.call('HDEL', own, field, 'ends:' .. hash)
			redis.call('ZREM', key.secrets_used, hash)
			audit('ended', 'secret', string.sub(hash, 1, 8))
		end
	end
	redis.call('HDEL', own, 'ends:' .. fresh)
end

-- Somebody knows the secret that was presented: so the authorisation stays, and what
-- the secret replaces ends.
local function confirm(found)
	local own = key.authorisation_of .. found.name
	authorisation, owner = found.name, found.account
	if found.confirm_by then
		redis.call('HDEL', own, 'confirm_by')
		redis.call('ZREM', key.unconfirmed, found.name)
	end
	if found.ends then
		end_secrets(own, arg.presented, found.ends)
	end
end

local function is_from(networks)
	for bits in string.gmatch(networks, '[46][01]*') do
		if string.sub(arg.address_bits, 1, #bits) == bits then
			return true
		end
	end
	return networks == ''
end

-- Find the authorisation that covers a name: its own, or the nearest one above that
-- has suffix_match.  A secret of its own grants, and so does one of the account that
-- owns it; the administrator needs none.  Every level is looked at, whatever is found,
-- and each secret by its hash, of which nobody can choose the first octets.
-- Returns what read() does, with granted and level; or, when refused, { reply = what
-- to return, account = that of the secret, is_free = nothing covers the name }.
local function authenticate()
	local who = presented_account()
	local found = read(arg.name)
	local level = 0
	if arg.only_own ~= 'true' then
		for i, name in ipairs(above(arg.name)) do
			local covering = read(name)
			if covering and covering.suffix_match and not found then
				found, level = covering, i
			end
		end
	end
	account = who or ''
	if not found then
		return { account = who, is_free = true }
	end
	authorisation, owner = found.name, found.account
	found.by_secret = found.has_secret and (arg.user == '' or arg.user_is_name == 'true')
	if not by_administrator and not found.by_secret and found.account ~= who then
		return { account = who }
	end
	if found.by_secret then
		confirm(found)
	end
	if not by_administrator and not is_from(found.allowfrom_bits) then
		return { reply = refuse('address') }
	end
	found.granted, found.level = true, level
	return found
end

-- What a script returns that was granted: the level of the authorisation, its
-- suffix_match, and a number.
local function granted(found, n)
	return { found.level, found.suffix_match and 1 or 0, n }
end

-- And what it returns that was refused.
local function refused(found)
	return found.reply or refuse('secret')
end

-- Note when an authorisation was used.  Not in its hash: coprocesses keep a copy of
-- that, and would lose it with each publication.
local function note_use(found)
	redis.call('ZADD', key.last_used, decimal(now_ms), found.name)
	if found.by_secret then
		redis.call('ZADD', key.secrets_used, decimal(now_ms), arg.presented)
	end
end
