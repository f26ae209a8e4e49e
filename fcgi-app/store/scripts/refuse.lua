#!lua
refuse(arg.reason)
return 0
