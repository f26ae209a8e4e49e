-- The head of every script but two: the store's identity and the audit log.  The
-- Makefile puts it after the script's first line, which makes Redis refuse the
-- whole when it is out of memory, read-only or short of replicas.
-- Nothing is done to another store: store_check() finds out what it is.
local self = redis.call('HMGET', key.store, 'id', 'schema')
if self[1] ~= arg.store_id or self[2] ~= arg.schema then
	return redis.error_reply('WRONGSTORE this is not the store that is meant')
end

-- The clock is Redis's own, so that all who write agree.
local account = arg.account
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local function decimal(n)
	return string.format('%.0f', n)
end

-- One event; old ones go, a node of the stream at a time.
local function audit(event, ...) -- and a field and its value
	local oldest_ms = math.max(0, now_ms - tonumber(arg.retention_ms))
	redis.call('XADD', key.audit, 'MINID', '~', decimal(oldest_ms), '*',
		'event', event, 'name', arg.name, 'account', account,
		'ip', arg.ip, 'via', arg.via, ...)
	if redis.call('XLEN', key.audit) > tonumber(arg.max_events) then
		redis.call('XTRIM', key.audit, 'MAXLEN', '~', arg.max_events)
	end
end

-- Find the authorisation that speaks for a name: its own, or the nearest above
-- with suffix_match.  The hash that was presented must be in force.  Lua compares
-- strings by identity, and hashes at that, in constant time; and every level is
-- looked at, whatever is found.  An authorisation with allowfrom wants to see
-- that in arg.allowfrom, from a caller who compared it with the address.
-- Returns { granted = true, level = 0 for the own one, key, suffix_match = 1 or 0,
-- life_ms = its own or nil }; or, refused, { reply = what to return }.
local function authenticate()
	local level, found
	for i = key.own_at, #KEYS do
		local fields = redis.call('HMGET', KEYS[i], 'secret_hash',
			'suffix_match', 'account', 'allowfrom', 'life_ms')
		if fields[1] and not level and
			(i == key.own_at or fields[2] == 'true') then
			level, found = i - key.own_at, fields
		end
	end
	account = found and found[3] or account
	if not level or
		(arg.presented ~= found[1] and arg.presented ~= '') then
		audit('refused', 'reason', 'secret')
		return { reply = {} }
	end
	if arg.presented ~= '' and (found[4] or '') ~= arg.allowfrom then
		return { reply = { found[4] } }
	end
	return { granted = true, level = level, key = KEYS[key.own_at + level],
		suffix_match = found[2] == 'true' and 1 or 0, life_ms = found[5] }
end

-- Add one authorisation to the counts of each of the names above it, or take one
-- away.  These begin at key.above_at, nearest name first: "children" are one
-- label below, "descendants" at any depth.
local function count_below(by)
	for i = key.above_at, #KEYS do
		if redis.call('HINCRBY', KEYS[i], 'descendants', by) <= 0 then
			redis.call('DEL', KEYS[i])
		elseif i == key.above_at and
			redis.call('HINCRBY', KEYS[i], 'children', by) <= 0 then
			redis.call('HDEL', KEYS[i], 'children')
		end
	end
end
