#!/bin/sh
# Install the packages of tests/packages that are missing; say nothing if none is.
# The services that come with some of them are not started: we start what we need
# ourselves.
set -eu

list=$(dirname "$0")/packages
missing=
# shellcheck disable=SC2013 # one word per line
for package in $(sed 's/#.*//' "$list"); do
	case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
	'install ok installed') ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

echo "Installing the Debian packages that are missing:$missing"
if [ "$(id -u)" -eq 0 ]; then
	as_root=
elif command -v sudo >/dev/null; then
	as_root=sudo
else
	echo "install-packages: neither root nor sudo: please install them" >&2
	exit 1
fi

log=$(mktemp)
ours= # a policy-rc.d that we made and must remove
trap 'rm -f "$log"; [ -z "$ours" ] || $as_root rm -f "$ours"' EXIT
trap 'exit 1' HUP INT TERM
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	ours=$policy
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 0755 "$policy"
fi

# shellcheck disable=SC2086 # words are what is wanted
if ! { $as_root apt-get -q update &&
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		--no-install-recommends install $missing; } >"$log" 2>&1 </dev/null
then
	tail -n 20 "$log" >&2
	echo "install-packages: apt-get failed" >&2
	exit 1
fi
