#!lua
-- KEYS[3] authorisation, KEYS[4] authorisations, KEYS[5] response,
-- KEYS[6] persistent, KEYS[7 ...] below, of the names above, nearest first
-- ARGV[9] secret_hash, ARGV[10] suffix_match, ARGV[11] 'may_exist' or '',
-- ARGV[12] allowfrom or '', ARGV[13] life_ms or ''
-- Returns 1, or 0 when the name is taken.
if redis.call('EXISTS', KEYS[3]) == 1 then
	if ARGV[11] == '' then
		audit('refused', 'reason', 'taken')
	end
	return 0
end
redis.call('DEL', KEYS[5], KEYS[6]) -- nothing is inherited
redis.call('HSET', KEYS[3], 'secret_hash', ARGV[9], 'suffix_match', ARGV[10],
	'account', account, 'created_at', decimal(now_ms), 'created_by_ip', ip)
for field, value in pairs({ allowfrom = ARGV[12], life_ms = ARGV[13] }) do
	if value ~= '' then
		redis.call('HSET', KEYS[3], field, value)
	end
end
redis.call('ZADD', KEYS[4], decimal(now_ms), name)
count_below(7, 1)
audit('created')
return 1
