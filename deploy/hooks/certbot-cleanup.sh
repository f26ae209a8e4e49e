#!/bin/sh
# certbot's --manual-cleanup-hook for acmeproxy: see certbot-auth.sh.
set -u
# shellcheck source=deploy/hooks/acmeproxy-hook.sh
. "$(dirname "$(readlink -f "$0")")/acmeproxy-hook.sh"
certbot_call expire_response
