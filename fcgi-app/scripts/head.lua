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
