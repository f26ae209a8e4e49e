#!/bin/sh
# Build everything for arm64 and run it by emulation: the unit tests, and each
# program once.  The last line counts them.
#
# The compiler, the arm64 libraries and the emulator are in a temporary root of
# this machine's own release: otherwise the machine would keep packages of a
# second architecture.
set -eu
cd "$(dirname "$0")/../.."
here=${BUILD:-build}/arm64
root=$here/root

# Whatever runs in the root ends with us, and so do its mounts.
isolated() {
	unshare --mount --pid --fork --kill-child "$@"
}
skip() { # REASON
	printf 'test-arm64: skipped: %s\n0 passed, 0 failed, 1 skipped\n' "$1"
	exit 0
}

[ "$(dpkg --print-architecture)" != arm64 ] || skip 'this is arm64: make test tests that'
[ "$(id -u)" -eq 0 ] || skip 'it needs root'
why=$(isolated mount -t tmpfs tmpfs /mnt 2>&1) || skip "it needs namespaces and mounts: $why"
inside() {
	isolated --root="$root" --mount-proc env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}
quietly() { # COMMAND...
	"$@" >"$here/log" 2>&1 </dev/null || {
		tail -n 20 "$here/log" >&2
		echo "make test-arm64: failed: $*" >&2
		exit 1
	}
}
# Print SUITE and URI of each of apt's sources of this release.
sources() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(COMPONENT) $(CODENAME) $(REPO_URI)' \
		'Created-By: Packages' | sort -u |
		awk -v own="$release" '$1 == "main" &&
			($2 == own || $2 == own "-updates" || $2 == own "-security") { print $2, $3 }'
}

trap 'rm -rf --one-file-system "$here"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf --one-file-system "$here"
mkdir -p "$here"

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
[ -n "$(sources)" ] || quietly apt-get -q update
uri=$(sources | sed -n "s/^$release //p" | head -n 1)
echo "== a root of Debian $release"
quietly isolated debootstrap --variant=minbase "$release" "$root" "$uri"

echo '== compiler, libraries, emulator'
sources | sed 's/\(.*\) \(.*\)/deb \2 \1 main/' >"$root/etc/apt/sources.list"
apt-config dump | grep -i '^Acquire::https\?::' >"$root/etc/apt/apt.conf.d/99host" || :
cp /etc/resolv.conf "$root/etc/"
inside dpkg --add-architecture arm64
quietly inside apt-get -q update
# shellcheck disable=SC2046 # words are what is wanted
quietly inside apt-get -q -y --no-install-recommends install \
	gcc-aarch64-linux-gnu make qemu-user libc6-dev:arm64 \
	$(sed -n 's/^\(lib[^ ]*-dev\) .*# \(build\|test: unit tests\).*/\1:arm64/p' tests/packages)

echo '== build'
mkdir "$root/src"
tar -cf - Makefile common fcgi-app pipe-backend tests deploy | tar -C "$root/src" -xf -
quietly inside make -C /src -j"$(nproc)" CC=aarch64-linux-gnu-gcc WERROR=1 all unit-tests

inside sh /src/tests/arm64/inside.sh
