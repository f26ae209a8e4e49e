#!lua
audit('refused', 'reason', arg.reason)
return 1
