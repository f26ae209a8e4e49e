-- The head of every script: its first arguments, the store's identity and the
-- audit log.  The Makefile puts it after the script's first line, which makes
-- Redis refuse the whole when it is out of memory, read-only or short of
-- replicas.
--   KEYS[1] audit, KEYS[2] store
--   ARGV[1..6] name, ip, account, via, retention_ms, max_events
--   ARGV[7] id, ARGV[8] schema: of the store that is meant
-- Nothing is done to another store: store_check() finds out what it is.
local self = redis.call('HMGET', KEYS[2], 'id', 'schema')
if self[1] ~= ARGV[7] or self[2] ~= ARGV[8] then
	return redis.error_reply('WRONGSTORE this is not the store that is meant')
end

-- The clock is Redis's own, so that all who write agree.
local name, ip, account, via = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local function decimal(n)
	return string.format('%.0f', n)
end

-- One event; old ones go, a node of the stream at a time.
local function audit(event, ...) -- and a field and its value
	local oldest_ms = math.max(0, now_ms - tonumber(ARGV[5]))
	redis.call('XADD', KEYS[1], 'MINID', '~', decimal(oldest_ms), '*',
		'event', event, 'name', name, 'account', account,
		'ip', ip, 'via', via, ...)
	if redis.call('XLEN', KEYS[1]) > tonumber(ARGV[6]) then
		redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[6])
	end
end

-- Find the authorisation that speaks for a name: its own, or the nearest above
-- with suffix_match.  KEYS[first] is its own, KEYS[first + 1] its parent's, ...
-- ARGV[9] is the hash that was presented: it must be in force; '' is the
-- administrator.  Lua compares strings by identity, and hashes at that, so the
-- time tells nothing.  Every level is looked at, whatever is found, for the
-- same reason.  An authorisation with allowfrom wants to see it in ARGV[10], from
-- a caller that compared it with the address.
-- Returns the level (0: the own one), suffix_match, and life_ms of its own;
-- or nil after a refusal; or nil and the allowfrom to compare.
local function authenticate(first)
	local level, found
	for i = first, #KEYS do
		local fields = redis.call('HMGET', KEYS[i], 'secret_hash',
			'suffix_match', 'account', 'allowfrom', 'life_ms')
		if fields[1] and not level and
			(i == first or fields[2] == 'true') then
			level, found = i - first, fields
		end
	end
	if level and (ARGV[9] == found[1] or ARGV[9] == '') then
		account = found[3] or ''
		if ARGV[9] ~= '' and (found[4] or '') ~= ARGV[10] then
			return nil, found[4]
		end
		return level, found[2] == 'true' and 1 or 0, found[5]
	end
	account = found and found[3] or account
	audit('refused', 'reason', 'secret')
	return nil
end

-- Add one authorisation to the counts of each of the names above it, or take one
-- away.  KEYS[first ...] are these counts, nearest name first: "children" are
-- one label below, "descendants" at any depth.
local function count_below(first, by)
	for i = first, #KEYS do
		if redis.call('HINCRBY', KEYS[i], 'descendants', by) <= 0 then
			redis.call('DEL', KEYS[i])
		elseif i == first and
			redis.call('HINCRBY', KEYS[i], 'children', by) <= 0 then
			redis.call('HDEL', KEYS[i], 'children')
		end
	end
end
