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
local function audit(event, field, value)
	local oldest_ms = math.max(0, now_ms - tonumber(ARGV[5]))
	local entry = { 'XADD', KEYS[1], 'MINID', '~', decimal(oldest_ms), '*',
		'event', event, 'name', name, 'account', account,
		'ip', ip, 'via', via }
	if field then
		entry[#entry + 1] = field
		entry[#entry + 1] = value
	end
	redis.call(unpack(entry))
	if redis.call('XLEN', KEYS[1]) > tonumber(ARGV[6]) then
		redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[6])
	end
end

-- Find the authorisation that speaks for a name: its own, or the nearest above
-- with suffix_match.  KEYS[first] is its own, KEYS[first + 1] its parent's, ...
-- The hash that was presented must be in force; '' is the administrator.  Lua
-- compares strings by identity, and hashes at that, so the time tells nothing.
-- Returns the level (0: the own one) and suffix_match, or nil after a refusal.
-- Every level is looked at, whatever is found, for the same reason.
local function authenticate(first, presented)
	local level, suffix_match, hash
	for i = first, #KEYS do
		local found = redis.call('HMGET', KEYS[i],
			'secret_hash', 'suffix_match', 'account')
		if found[1] and not level and
			(i == first or found[2] == 'true') then
			level, suffix_match = i - first, found[2] == 'true'
			hash, account = found[1], found[3] or ''
		end
	end
	if level and (presented == hash or presented == '') then
		return level, suffix_match and 1 or 0
	end
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
