# What the hooks share.  Not a program: the hooks beside it read it from the
# folder that they are in.  POSIX sh, curl, awk, sed, find.
#
# All but certbot's are told by the environment:
#   ACMEPROXY_ENDPOINT      https://acmeproxy.example.net
#   ACMEPROXY_SECRETS_FILE  a file of lines "NAME SECRET", "#" for comments, that
#                           others cannot read; or
#   ACMEPROXY_SECRET        one secret for all names
#   ACMEPROXY_CA_CERT       a CA of your own, if you have one
#   ACMEPROXY_TRIES         5: how often to try while nobody answers
# shellcheck shell=sh

fail() {
	echo "acmeproxy: $*" >&2
	exit 1
}

# Refuse a file that others than its owner and group may touch.
private_file() { # FILE
	[ -r "$1" ] || fail "$1: cannot be read"
	[ -z "$(find -L "$1" -prune \( -perm -004 -o -perm -002 \))" ] ||
		fail "$1: others can read or write it; chmod 0600 $1"
}

# The name without a leading "*." and a trailing dot, in lower case.
plain_name() { # NAME
	printf '%s' "$1" | sed 's/^\*\.//; s/\.$//' | tr '[:upper:]' '[:lower:]'
}

# One call; the secret goes through a pipe, where ps does not show it.
# $status is the HTTP status, 000 without an answer; $sentence says why.
try_call() { # ENDPOINT NAME VALUE SECRET
	case $endpoint in
	https://*) protocols='=https' ;;
	http://localhost[:/]* | http://localhost | http://127.0.0.1[:/]*)
		protocols='=http' ;;
	*) fail "the endpoint must begin with https://" ;;
	esac
	set -- "$1" "$2" "$3" "$4" -q -sS --proto "$protocols" --max-time 30 \
		-w '\n%{http_code}' --data @-
	[ -z "${ca_cert:-}" ] || set -- "$@" --cacert "$ca_cert"
	path=$1 name=$2 value=$3 secret=$4
	shift 4
	answer=$(printf 'name=%s&response=%s&secret=%s' \
		"$name" "$value" "$secret" |
		curl "$@" "${endpoint%/}/$path" 2>&1)
	status=$(printf '%s\n' "$answer" | sed -n '$p')
	case $status in
	[0-9][0-9][0-9]) ;;
	*) status=000 ;;
	esac
	sentence=$(printf '%s\n' "$answer" |
		sed -n 's/.*"error": *"\([^"]*\)".*/\1/p')
	[ -n "$sentence" ] || sentence=$(printf '%s\n' "$answer" | sed -n '1p')
}

# Publish or expire one value; try again while nobody answers or the server
# says that it cannot now (5xx): 1, 2, 4, 8 s later.
call() { # publish_response|expire_response NAME VALUE SECRET
	case $2 in
	'' | *[!A-Za-z0-9._-]*) fail "not a domain name: $2" ;;
	esac
	case $3 in
	'' | *[!A-Za-z0-9_-]*) fail "$2: not a challenge response: $3" ;;
	esac
	case $4 in
	'' | *[!A-Za-z0-9._~-]*) fail "$2: there is no secret, or an odd one" ;;
	esac
	tries=${ACMEPROXY_TRIES:-5}
	pause=1
	while :; do
		try_call "$@"
		case $status in
		200) return 0 ;;
		000 | 5??) ;;
		*) fail "$1 $2: HTTP $status: $sentence" ;;
		esac
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || fail "$1 $2: HTTP $status: $sentence"
		sleep "$pause"
		pause=$((pause * 2))
	done
}

# The secret of a name, "" when there is none.
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

# One call with the settings of the environment.
env_call() { # publish_response|expire_response NAME VALUE
	endpoint=${ACMEPROXY_ENDPOINT:-}
	ca_cert=${ACMEPROXY_CA_CERT:-}
	[ -n "$endpoint" ] || fail "ACMEPROXY_ENDPOINT is not set"
	[ -z "${ACMEPROXY_SECRETS_FILE:-}" ] ||
		private_file "$ACMEPROXY_SECRETS_FILE"
	name=$(plain_name "$2")
	secret=$(secret_of "$name") ||
		fail "$ACMEPROXY_SECRETS_FILE: lines are NAME SECRET"
	[ -n "$secret" ] || fail "no secret for $name"
	call "$1" "$name" "$3" "$secret"
}

# The name that a client wants a certificate for, from the challenge's own.
name_of_fqdn() { # FQDN
	fqdn=$(plain_name "$1")
	case $fqdn in
	_acme-challenge.*) printf '%s' "${fqdn#_acme-challenge.}" ;;
	*) fail "not below _acme-challenge: $1" ;;
	esac
}

# A value of certbot's ini file, "" when it is not there.
setting() { # SECTION KEY
	awk -v section="$1" -v key="$2" '
		{ gsub(/^[ \t]+|[ \t\r]+$/, "") }
		/^[#;]/ || $0 == "" { next }
		/^\[.*\]$/ {
			here = tolower(substr($0, 2, length($0) - 2))
			sub(/\.$/, "", here)
			next
		}
		here == section && (at = index($0, "=")) {
			k = tolower(substr($0, 1, at - 1))
			v = substr($0, at + 1)
			gsub(/[ \t]+$/, "", k)
			gsub(/^[ \t]+/, "", v)
			if (k == key) { print v; exit }
		}' "$ini"
}

# certbot's hooks: what it set in the environment, with the ini file's secret.
certbot_call() { # publish_response|expire_response
	ini=${ACMEPROXY_INI:-/etc/acmeproxy.ini}
	if [ -z "${CERTBOT_DOMAIN:-}" ] || [ -z "${CERTBOT_VALIDATION:-}" ]; then
		fail "certbot did not set CERTBOT_DOMAIN and CERTBOT_VALIDATION"
	fi
	private_file "$ini"
	name=$(plain_name "$CERTBOT_DOMAIN")
	endpoint=$(setting defaults endpoint)
	ca_cert=$(setting defaults ca_cert)
	secret=$(setting "domain:$name" secret)
	[ -n "$endpoint" ] || fail "$ini: no endpoint in [defaults]"
	[ -n "$secret" ] || fail "$ini: no secret in [domain:$name]"
	call "$1" "$name" "$CERTBOT_VALIDATION" "$secret"
}
