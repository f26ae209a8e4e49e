#!lua
-- KEYS[2] authorisation, KEYS[3] authorisations, KEYS[4] parents,
-- KEYS[5] response, KEYS[6] persistent
-- ARGV[7] secret_hash, ARGV[8] suffix_match, ARGV[9] 'may_exist' or '',
-- ARGV[10] allowfrom or '', ARGV[11] life_ms or '',
-- ARGV[12 ...] names above, nearest first
-- Returns 1, or 0 when the name is taken.
if redis.call('EXISTS', KEYS[2]) == 1 then
	if ARGV[9] == '' then
		audit('refused', 'reason', 'taken')
	end
	return 0
end
redis.call('DEL', KEYS[5], KEYS[6]) -- nothing is inherited
redis.call('HSET', KEYS[2], 'secret_hash', ARGV[7], 'suffix_match', ARGV[8],
	'account', account, 'created_at', decimal(now_ms), 'created_by_ip', ip)
for field, value in pairs({ allowfrom = ARGV[10], life_ms = ARGV[11] }) do
	if value ~= '' then
		redis.call('HSET', KEYS[2], field, value)
	end
end
redis.call('ZADD', KEYS[3], decimal(now_ms), name)
count_below(KEYS[4], 12, 1)
audit('created')
return 1
