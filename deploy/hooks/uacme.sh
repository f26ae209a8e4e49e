#!/bin/sh
# uacme's hook for acmeproxy.
#
#     export ACMEPROXY_ENDPOINT=https://acmeproxy.example.net
#     export ACMEPROXY_SECRETS_FILE=/etc/acmeproxy.secrets
#     uacme -h /usr/local/share/acmeproxy/hooks/uacme.sh issue secure.example.com
#
# acmeproxy-hook lists more settings.
set -u
hook=$(dirname "$(readlink -f "$0")")/acmeproxy-hook

# uacme offers the other types of challenge to a hook that fails.
[ $# -ge 5 ] && [ "$2" = dns-01 ] || exit 1
case $1 in
begin) exec "$hook" present "_acme-challenge.$3" "$5" ;;
done | failed) exec "$hook" cleanup "_acme-challenge.$3" "$5" ;;
*) exit 1 ;;
esac
