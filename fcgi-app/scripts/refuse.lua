#!lua
-- ARGV[9] reason
audit('refused', 'reason', ARGV[9])
return 1
