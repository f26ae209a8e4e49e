#!/bin/sh
# certbot's --manual-cleanup-hook for acmeproxy: see certbot-auth.sh.
exec "$(dirname "$(readlink -f "$0")")/certbot-auth.sh" cleanup
