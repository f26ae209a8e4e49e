#!lua
-- Migrate from schema 3 to 4.  In schema 3 an authorisation had one secret, in the
-- field secret_hash, and the program compared addresses with its allowfrom; nobody
-- counted what accounts have.  In schema 4 each secret has a field, there is allowfrom
-- as bits as well, and there are counts.
-- Returns 1, or 0 if another client has migrated already.
if redis.call('HGET', key.store, 'schema') ~= '3' then
	return 0
end

local function bits_of(number, n)
	local bits = ''
	for _ = 1, n do
		bits = number % 2 .. bits
		number = math.floor(number / 2)
	end
	return bits
end

-- The 16-bit words of an IPv6 address, which may end like an IPv4 address.
local function words_of(address)
	local a, b, c, d = string.match(address, '(%d+)%.(%d+)%.(%d+)%.(%d+)$')
	if a then
		address = string.gsub(address, '[%d.]+$',
			string.format('%x:%x', a * 256 + b, c * 256 + d))
	end
	local left, right = string.match(address, '^(.*)::(.*)$')
	local words, tail = {}, {}
	for word in string.gmatch(left or address, '%x+') do
		words[#words + 1] = tonumber(word, 16)
	end
	for word in string.gmatch(right or '', '%x+') do
		tail[#tail + 1] = tonumber(word, 16)
	end
	for _ = #words + #tail + 1, 8 do
		words[#words + 1] = 0
	end
	for _, word in ipairs(tail) do
		words[#words + 1] = word
	end
	return words
end

-- "/4" or "/6", and the bits of a network; IPv4-mapped ones are those of IPv4.
local function network_bits(network)
	local address, n = string.match(network, '^(.*)/(%d+)$')
	local bits = ''
	if not string.find(address, ':', 1, true) then
		for octet in string.gmatch(address, '%d+') do
			bits = bits .. bits_of(tonumber(octet), 8)
		end
		return '/4' .. string.sub(bits, 1, n)
	end
	for _, word in ipairs(words_of(address)) do
		bits = bits .. bits_of(word, 16)
	end
	if tonumber(n) >= 96 and string.sub(bits, 1, 96) ==
		string.rep('0', 80) .. string.rep('1', 16) then
		return '/4' .. string.sub(bits, 97, n)
	end
	return '/6' .. string.sub(bits, 1, n)
end

for _, name in ipairs(redis.call('ZRANGE', key.authorisations, 0, -1)) do
	local own = key.authorisation_of .. name
	local f = redis.call('HMGET', own, 'secret_hash', 'created_at', 'allowfrom',
		'account')
	if f[1] then
		redis.call('HSET', own, 'secret:' .. f[1], f[2] or '0')
		redis.call('HDEL', own, 'secret_hash')
	end
	local bits = string.gsub(f[3] or '', ' *(%S+)', network_bits)
	if bits ~= '' then
		redis.call('HSET', own, 'allowfrom_bits', bits)
	end
	if f[4] and f[4] ~= '' then
		local what = string.find(name, '.', 1, true) and 'authorisations' or
			'registrations'
		redis.call('HINCRBY', key.quotas, what .. ' account ' .. f[4], 1)
	end
end
redis.call('HSET', key.store, 'schema', '4')
return 1
