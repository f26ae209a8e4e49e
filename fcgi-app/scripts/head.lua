-- The head of every script: its first arguments and the audit log.  The
-- Makefile puts it behind the script's first line, which makes Redis refuse the
-- whole when it is out of memory, read-only or short of replicas.
--   KEYS[1] audit   ARGV[1..6] name, ip, account, via, retention_ms, max_events
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
-- ARGV[7] is the hash that was presented: it must be in force; '' is the
-- administrator.  Lua compares strings by identity, and hashes at that, so the
-- time tells nothing.  Every level is looked at, whatever is found, for the
-- same reason.  An authorisation with allowfrom wants to see it in ARGV[8], from
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
	if level and (ARGV[7] == found[1] or ARGV[7] == '') then
		account = found[3] or ''
		if ARGV[7] ~= '' and (found[4] or '') ~= ARGV[8] then
			return nil, found[4]
		end
		return level, found[2] == 'true' and 1 or 0, found[5]
	end
	account = found and found[3] or account
	audit('refused', 'reason', 'secret')
	return nil
end

-- Count one authorisation more, or less, for each of the names above it, which
-- are ARGV[first ...]: "NAME" has those one label below, ".NAME" all of them.
local function count_below(key, first, by)
	for i = first, #ARGV do
		local fields = { '.' .. ARGV[i], i == first and ARGV[i] or nil }
		for _, field in ipairs(fields) do
			if redis.call('HINCRBY', key, field, by) <= 0 then
				redis.call('HDEL', key, field)
			end
		end
	end
end
