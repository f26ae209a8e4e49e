#!/bin/sh
# dehydrated's hook for acmeproxy.  In dehydrated's configuration:
#
#     CHALLENGETYPE=dns-01
#     HOOK=/usr/local/share/acmeproxy/hooks/dehydrated.sh
#     export ACMEPROXY_ENDPOINT=https://acmeproxy.example.net
#     export ACMEPROXY_SECRETS_FILE=/etc/dehydrated/acmeproxy.secrets
#
# The secrets file has lines "NAME SECRET"; "#" begins a comment; others must
# not be able to read it.  If all names have one secret, ACMEPROXY_SECRET will
# do instead.  ACMEPROXY_CA_CERT names a CA of your own.  HOOK_CHAIN may be
# "yes" or "no".
set -u
# shellcheck source=deploy/hooks/acmeproxy-hook.sh
. "$(dirname "$(readlink -f "$0")")/acmeproxy-hook.sh"

secret_of() { # NAME
	if [ -z "${ACMEPROXY_SECRETS_FILE:-}" ]; then
		printf '%s' "${ACMEPROXY_SECRET:-}"
		return
	fi
	awk -v want="$1" '
		{ sub(/#.*/, "") }
		NF == 0 { next }
		NF != 2 { exit 1 }
		{ name = tolower($1); sub(/^\*\./, "", name); sub(/\.$/, "", name) }
		name == want { print $2; exit }' "$ACMEPROXY_SECRETS_FILE"
}

each() { # ENDPOINT DOMAIN TOKENFILE VALUE [DOMAIN TOKENFILE VALUE ...]
	endpoint_path=$1
	shift
	[ $# -ge 3 ] || fail "DOMAIN, TOKENFILE and VALUE are needed"
	while [ $# -ge 3 ]; do
		name=$(plain_name "$1")
		secret=$(secret_of "$name") ||
			fail "$ACMEPROXY_SECRETS_FILE: lines are NAME SECRET"
		[ -n "$secret" ] || fail "no secret for $name"
		call "$endpoint_path" "$name" "$3" "$secret"
		shift 3
	done
}

operation=${1:-}
case $operation in
deploy_challenge | clean_challenge) shift ;;
*) exit 0 ;;
esac

endpoint=${ACMEPROXY_ENDPOINT:-}
ca_cert=${ACMEPROXY_CA_CERT:-}
[ -n "$endpoint" ] || fail "ACMEPROXY_ENDPOINT is not set"
[ -z "${ACMEPROXY_SECRETS_FILE:-}" ] || private_file "$ACMEPROXY_SECRETS_FILE"

case $operation in
deploy_challenge) each publish_response "$@" ;;
clean_challenge) each expire_response "$@" ;;
esac
