#!lua
-- Returns what granted() and refused() do, with 1; or 0 when the name has as many
-- labels as it may have; or { 'free' } for an account that cannot create it here.
local found = authenticate()
if found.is_free and found.account then
	if not is_permitted(found.account, arg.name, false) then
		return refuse('permit')
	elseif arg.may_create ~= 'true' then
		return { 'free' }
	end
	local reason = create(found.account)
	if reason then
		return refuse(reason)
	end
	found = authenticate()
end
if not found.granted then
	return refused(found)
end
local most = tonumber(arg.most)
local life_ms = tonumber(found.life_ms or arg.life_ms)
local now, expires = decimal(now_ms), decimal(now_ms + life_ms)

-- Note a member until it expires, in a set that lives as long as its members.
-- Returns false when it is one too many.
local function note(set, member, limit)
	redis.call('ZREMRANGEBYSCORE', set, '-inf', now)
	if limit and not redis.call('ZSCORE', set, member) and
		redis.call('ZCARD', set) >= tonumber(limit) then
		return false
	end
	redis.call('ZADD', set, 'GT', expires, member)
	redis.call('PEXPIREAT', set,
		redis.call('ZRANGE', set, -1, -1, 'WITHSCORES')[2])
	return true
end
if arg.label ~= '' and
	not note(key.labels_of .. arg.name, arg.label, arg.most_labels) then
	return granted(found, 0)
end
-- What else has to go when the authorisation is deleted.
if found.level > 0 then
	note(key.published_of .. found.name, arg.name)
end

redis.call('ZREMRANGEBYSCORE', responses_key, '-inf', now)
local n = redis.call('ZCARD', responses_key)
if n >= most and not redis.call('ZSCORE', responses_key, arg.value) then
	-- The oldest is removed, never the new one.
	redis.call('ZREMRANGEBYRANK', responses_key, 0, n - most)
	n = most - 1
end
n = n + redis.call('ZADD', responses_key, expires, arg.value)
-- The key expires with the last of its values, which may be an older one.
local last = expires
if n > 1 then
	last = redis.call('ZRANGE', responses_key, -1, -1, 'WITHSCORES')[2]
end
redis.call('PEXPIREAT', responses_key, last)
note_use(found)
audit('published', 'value', arg.value)
return granted(found, 1)
