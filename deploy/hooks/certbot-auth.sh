#!/bin/sh
# certbot's --manual-auth-hook for acmeproxy; certbot-cleanup.sh is its
# --manual-cleanup-hook.  Settings are in /etc/acmeproxy.ini, or in the file that
# ACMEPROXY_INI names: see acmeproxy-hook.
set -u
hook=$(dirname "$(readlink -f "$0")")/acmeproxy-hook

if [ -z "${CERTBOT_DOMAIN:-}" ] || [ -z "${CERTBOT_VALIDATION:-}" ]; then
	echo "acmeproxy: certbot did not set CERTBOT_DOMAIN and CERTBOT_VALIDATION" >&2
	exit 1
fi
ACMEPROXY_INI=${ACMEPROXY_INI:-/etc/acmeproxy.ini}
export ACMEPROXY_INI
exec "$hook" "${1:-present}" "_acme-challenge.$CERTBOT_DOMAIN" \
	"$CERTBOT_VALIDATION"
