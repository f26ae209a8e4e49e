#!/usr/bin/env sh
# acme.sh's DNS API for acmeproxy.  Copy it to ~/.acme.sh/dnsapi, then
#
#     export ACMEPROXY_ENDPOINT=https://acmeproxy.example.net
#     export ACMEPROXY_SECRET=52f562aedc99383c6af848bc7016380a
#     acme.sh --issue --dns dns_acmeproxy -d secure.example.com
#
# acme.sh remembers both for renewals.  It sources this file, which sends
# requests with acme.sh's _post and needs no other file.
# shellcheck disable=SC2034 # acme.sh reads dns_acmeproxy_info

dns_acmeproxy_info='acmeproxy: dns-01 responses by HTTPS'

dns_acmeproxy_add() { # FULLDOMAIN VALUE
	_acmeproxy_call publish_response published "$1" "$2"
}

dns_acmeproxy_rm() { # FULLDOMAIN VALUE
	_acmeproxy_call expire_response expired "$1" "$2"
}

# Plain http would show the secret to others on the way: it is for this machine
# only.  What is between "http://" and the next "/" is compared as a whole, since
# "localhost:80@192.0.2.1" is not this machine.
_acmeproxy_check_endpoint() { # URL in lower case
	case $1 in
	https://*) return 0 ;;
	http://*) ;;
	*) return 1 ;;
	esac
	_acmeproxy_host=${1#http://}
	_acmeproxy_host=${_acmeproxy_host%%/*}
	case ${_acmeproxy_host##*:} in
	'' | *[!0-9]*) ;;
	*) _acmeproxy_host=${_acmeproxy_host%:*} ;;
	esac
	case $_acmeproxy_host in
	localhost | 127.0.0.1 | '[::1]') return 0 ;;
	esac
	return 1
}

_acmeproxy_call() { # ENDPOINT WORD FULLDOMAIN VALUE
	ACMEPROXY_ENDPOINT=${ACMEPROXY_ENDPOINT:-$(_readaccountconf_mutable ACMEPROXY_ENDPOINT)}
	ACMEPROXY_SECRET=${ACMEPROXY_SECRET:-$(_readaccountconf_mutable ACMEPROXY_SECRET)}
	if [ -z "$ACMEPROXY_ENDPOINT" ] || [ -z "$ACMEPROXY_SECRET" ]; then
		_err "ACMEPROXY_ENDPOINT and ACMEPROXY_SECRET are needed"
		return 1
	fi
	_acmeproxy_url=$(printf '%s' "$ACMEPROXY_ENDPOINT" | tr '[:upper:]' '[:lower:]')
	if ! _acmeproxy_check_endpoint "$_acmeproxy_url"; then
		_err "ACMEPROXY_ENDPOINT must begin with https://" \
			"(http:// is for localhost, 127.0.0.1 and [::1] only)"
		return 1
	fi
	_saveaccountconf_mutable ACMEPROXY_ENDPOINT "$ACMEPROXY_ENDPOINT"
	_saveaccountconf_mutable ACMEPROXY_SECRET "$ACMEPROXY_SECRET"
	_acmeproxy_answer=$(
		# A proxy is not this machine.
		case $_acmeproxy_url in
		http://*) unset http_proxy all_proxy ALL_PROXY ;;
		esac
		_post "name=${3#_acme-challenge.}&response=$4&secret=$ACMEPROXY_SECRET" \
			"${ACMEPROXY_ENDPOINT%/}/$1"
	)
	case $_acmeproxy_answer in
	*"\"$2\""*) return 0 ;;
	esac
	_err "acmeproxy: $1: $_acmeproxy_answer"
	return 1
}
