#!/bin/sh
# uacme's hook for acmeproxy.
#
#     export ACMEPROXY_ENDPOINT=https://acmeproxy.example.net
#     export ACMEPROXY_SECRETS_FILE=/etc/acmeproxy.secrets
#     uacme -h /usr/local/share/acmeproxy/hooks/uacme.sh issue secure.example.com
#
# More settings: acmeproxy-hook.sh.
set -u
# shellcheck source=deploy/hooks/acmeproxy-hook.sh
. "$(dirname "$(readlink -f "$0")")/acmeproxy-hook.sh"

[ $# -ge 5 ] || fail "METHOD, TYPE, IDENT, TOKEN and AUTH are needed"
[ "$2" = dns-01 ] || exit 1 # uacme then offers the next type
case $1 in
begin) env_call publish_response "$3" "$5" ;;
done | failed) env_call expire_response "$3" "$5" ;;
*) fail "$1: neither begin, done nor failed" ;;
esac
