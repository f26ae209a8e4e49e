-- The head of every script but two: it checks the store's identity, and defines
-- what the scripts share.  The Makefile puts it after the script's first line, which
-- makes Redis refuse the whole script when Redis is out of memory, read-only or
-- short of replicas.
-- Another store is left alone: store_check() finds out which one it is.
local self = redis.call('HMGET', key.store, 'id', 'schema')
if self[1] ~= arg.store_id or self[2] ~= arg.schema then
	return redis.error_reply('WRONGSTORE this is not the store that is meant')
end

-- The clock is Redis's own, so that all writers agree.
local account = arg.account
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local function decimal(n)
	return string.format('%.0f', n)
end

-- Write one event, and remove old ones, a node of the stream at a time.
local function audit(event, ...) -- and a field and its value
	local oldest_ms = math.max(0, now_ms - tonumber(arg.retention_ms))
	redis.call('XADD', key.audit, 'MINID', '~', decimal(oldest_ms), '*',
		'event', event, 'name', arg.name, 'account', account,
		'ip', arg.ip, 'via', arg.via, ...)
	if redis.call('XLEN', key.audit) > tonumber(arg.max_events) then
		redis.call('XTRIM', key.audit, 'MAXLEN', '~', arg.max_events)
	end
end

-- Find the authorisation that covers a name: its own, or the nearest one above that
-- has suffix_match.  arg.presented must be its secret_hash; '' is the administrator,
-- who needs none.  Lua compares strings by address, hence in constant time, and
-- these are hashes; every level is looked at, whatever is found.  If the
-- authorisation has allowfrom, arg.allowfrom must be the same: the caller has then
-- compared it with the client's address.
-- Returns { granted = true, level = 0 for the name's own, key, suffix_match = 1 or 0,
-- life_ms = its own or nil }; or, when refused, { reply = what to return }.
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

-- Add one authorisation to the counts of each name above it (by is 1), or take one
-- away (-1).  Their keys begin at key.above_at, nearest name first.  "children"
-- counts those one label below a name, "descendants" those at any depth.
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

-- Note when an authorisation was used.  Not in its hash: coprocesses keep a copy of
-- that, and would lose it with each publication.
local function note_use(found)
	local name = string.sub(found.key, #key.own - #arg.name + 1)
	redis.call('ZADD', key.last_used, decimal(now_ms), name)
end
