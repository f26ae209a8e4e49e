#!/bin/sh
# certbot's --manual-cleanup-hook for acmeproxy: see certbot-auth.sh.
operation=cleanup exec "$(dirname "$(readlink -f "$0")")/certbot-auth.sh"
