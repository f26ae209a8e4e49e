#!/bin/sh
# Fail when a file includes what its layer may not; see ARCHITECTURE.md.
rc=0
rule() { # FOLDER OR MODULE, PATTERN, [FILES THAT MAY]
	found=$(grep -rlE --include='*.[ch]' "^#include $2" "${1%%/*}" |
		grep "^$1[/.]" | grep -vxE "${3:-}") || return 0
	echo "layers: these may not include $2:" "$found"
	rc=1
}
rule common       '"(fcgi-app|pipe-backend)/'
rule fcgi-app     '"pipe-backend/'
rule pipe-backend '"fcgi-app/'

# The layers of fcgi-app from top to bottom: none includes what is above it.
above=main
for layer in commands server dialects api snippet config store access; do
	rule "fcgi-app/$layer" "\"fcgi-app/($above)[/.]"
	above="$above|$layer"
done
for folder in fcgi-app/*/; do
	case "|$above|" in *"|$(basename "$folder")|"*) ;; *)
		echo "layers: $folder is in no layer"
		rc=1 ;;
	esac
done

for folder in common fcgi-app pipe-backend; do
	rule "$folder" '<hiredis/' 'common/redis(io|reply)?\.c'
	rule "$folder" '<jansson'  'common/json\.c'
	rule "$folder" '<fcgi'     'fcgi-app/server/fcgi\.c'
	rule "$folder" '<sodium'   'fcgi-app/access/secret\.c'
	rule "$folder" '<systemd'  'fcgi-app/server/(journal|notify)\.c'
done

# What tests share is in a module that is no test, such as conftest.py.
if found=$(grep -rnE --include='*.py' '^[[:space:]]*(from|import)[[:space:]].*\btest_' \
	tests/system tests/hooks); then
	echo "layers: these may not import from a test:" "$found"
	rc=1
fi
exit $rc
