#!/bin/sh
# dehydrated's hook for acmeproxy.  In dehydrated's configuration:
#
#     CHALLENGETYPE=dns-01
#     HOOK=/usr/local/share/acmeproxy/hooks/dehydrated.sh
#     export ACMEPROXY_ENDPOINT=https://acmeproxy.example.net
#     export ACMEPROXY_SECRETS_FILE=/etc/dehydrated/acmeproxy.secrets
#
# acmeproxy-hook lists more settings.  HOOK_CHAIN may be "yes" or "no".
set -u
hook=$(dirname "$(readlink -f "$0")")/acmeproxy-hook

each() { # present|cleanup DOMAIN TOKENFILE VALUE [DOMAIN TOKENFILE VALUE ...]
	operation=$1
	shift
	if [ $# -lt 3 ]; then
		echo "acmeproxy: DOMAIN, TOKENFILE and VALUE are needed" >&2
		exit 1
	fi
	while [ $# -ge 3 ]; do
		"$hook" "$operation" "_acme-challenge.$1" "$3" || exit
		shift 3
	done
}

operation=${1:-}
[ $# -eq 0 ] || shift
case $operation in
deploy_challenge) each present "$@" ;;
clean_challenge) each cleanup "$@" ;;
esac
