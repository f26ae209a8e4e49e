#!/bin/sh
# Fail when a file includes what its layer may not: ARCHITECTURE.md, "Layers".
rc=0
rule() { # DIRECTORY PATTERN [FILES THAT MAY]
	found=$(grep -rlE --include='*.[ch]' "^#include $2" "$1" |
		grep -vxE "${3:-}") || return 0
	echo "layers: may not include $2:" "$found"
	rc=1
}
rule common       '"(fcgi-app|pipe-backend)/'
rule fcgi-app     '"pipe-backend/'
rule pipe-backend '"fcgi-app/'
for folder in common fcgi-app pipe-backend; do
	rule "$folder" '<hiredis/' 'common/redis\.c'
	rule "$folder" '<jansson'  'common/json\.c'
	rule "$folder" '<fcgi'     'fcgi-app/fcgi\.c'
	rule "$folder" '<sodium'   'fcgi-app/secret\.c'
	rule "$folder" '<systemd'  'fcgi-app/notify\.c'
done
exit $rc
