#!lua flags=allow-oom
-- KEYS[2] authorisation, KEYS[3] response
-- ARGV[7] secret_hash that was checked, ARGV[8] value or '' for all
-- Returns how many live ones went, or -1 when the secret is not in force.
if redis.call('HGET', KEYS[2], 'secret_hash') ~= ARGV[7] then
	return -1
end
local n = 0
local live = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. decimal(now_ms), '+inf')
for _, value in ipairs(live) do
	if ARGV[8] == '' or ARGV[8] == value then
		redis.call('ZREM', KEYS[3], value)
		audit('expired', 'value', value)
		n = n + 1
	end
end
return n
