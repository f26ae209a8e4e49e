#!lua
-- Say what time it is, for those who read a replica: its own clock may be wrong.
-- Returns 1.
redis.call('HSET', key.clock, 'now_ms', decimal(now_ms))
return 1
