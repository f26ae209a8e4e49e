#!lua
-- Returns 1, or 0 when the name is taken.
if redis.call('EXISTS', key.own) == 1 then
	if arg.may_exist == '' then
		audit('refused', 'reason', 'taken')
	end
	return 0
end
redis.call('DEL', key.responses, key.records) -- nothing is inherited
redis.call('HSET', key.own, 'secret_hash', arg.secret_hash,
	'suffix_match', arg.suffix_match, 'account', account,
	'created_at', decimal(now_ms), 'created_by_ip', arg.ip)
for field, value in pairs({ allowfrom = arg.allowfrom, life_ms = arg.life_ms }) do
	if value ~= '' then
		redis.call('HSET', key.own, field, value)
	end
end
redis.call('ZADD', key.authorisations, decimal(now_ms), arg.name)
count_below(1)
audit('created')
return 1
