#!/bin/sh
# dehydrated's hook for acmeproxy.  In dehydrated's configuration:
#
#     CHALLENGETYPE=dns-01
#     HOOK=/usr/local/share/acmeproxy/hooks/dehydrated.sh
#     export ACMEPROXY_ENDPOINT=https://acmeproxy.example.net
#     export ACMEPROXY_SECRETS_FILE=/etc/dehydrated/acmeproxy.secrets
#
# More settings: acmeproxy-hook.sh.  HOOK_CHAIN may be "yes" or "no".
set -u
# shellcheck source=deploy/hooks/acmeproxy-hook.sh
. "$(dirname "$(readlink -f "$0")")/acmeproxy-hook.sh"

each() { # ENDPOINT DOMAIN TOKENFILE VALUE [DOMAIN TOKENFILE VALUE ...]
	operation=$1
	shift
	[ $# -ge 3 ] || fail "DOMAIN, TOKENFILE and VALUE are needed"
	while [ $# -ge 3 ]; do
		env_call "$operation" "$1" "$3"
		shift 3
	done
}

operation=${1:-}
[ $# -eq 0 ] || shift
case $operation in
deploy_challenge) each publish_response "$@" ;;
clean_challenge) each expire_response "$@" ;;
esac
