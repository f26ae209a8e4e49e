#!/bin/sh
# certbot's --manual-auth-hook for acmeproxy; certbot-cleanup.sh is its
# --manual-cleanup-hook.  Settings are in /etc/acmeproxy.ini (ACMEPROXY_INI
# names another file), which others must not be able to read:
#
#     [defaults]
#     endpoint = https://acmeproxy.example.net
#
#     [domain:secure.example.com]
#     secret = 52f562aedc99383c6af848bc7016380a
#
# `ca_cert =` in [defaults] names a CA of your own.
set -u
# shellcheck source=deploy/hooks/acmeproxy-hook.sh
. "$(dirname "$(readlink -f "$0")")/acmeproxy-hook.sh"

certbot_call publish_response
