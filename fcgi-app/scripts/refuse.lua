#!lua
-- ARGV[7] reason
audit('refused', 'reason', ARGV[7])
return 1
