#!/bin/sh
# lego's hook for acmeproxy, for its provider "exec"; its provider "httpreq"
# needs no hook at all: README, "Clients
# without a hook".
#
#     export EXEC_PATH=/usr/local/share/acmeproxy/hooks/lego.sh
#     export ACMEPROXY_ENDPOINT=https://acmeproxy.example.net
#     export ACMEPROXY_SECRETS_FILE=/etc/acmeproxy.secrets
#     lego --dns exec --domains secure.example.com ... run
#
# More settings: acmeproxy-hook.sh.
set -u
# shellcheck source=deploy/hooks/acmeproxy-hook.sh
. "$(dirname "$(readlink -f "$0")")/acmeproxy-hook.sh"

[ $# -ge 3 ] || fail "present|cleanup, FQDN and VALUE are needed"
name=$(name_of_fqdn "$2") || exit 1
case $1 in
present) env_call publish_response "$name" "$3" ;;
cleanup) env_call expire_response "$name" "$3" ;;
*) fail "$1: neither present nor cleanup" ;;
esac
