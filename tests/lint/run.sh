#!/bin/sh
# `make lint`: run all checks, and say which of them failed or were skipped.
# shellcheck disable=SC2317 # step calls the functions below
rc=0 skipped=
step() { # NAME COMMAND...
	name=$1
	shift
	echo "== $name"
	"$@" || { echo "lint: $name failed"; rc=1; }
}
skip() { # NAME REASON
	echo "== $1"
	skipped="$skipped
lint: $1 skipped: $2"
}
quietly() { "$@" >/dev/null; }
sources=$(git ls-files '*.c' '*.h')

tidy() {
	tidied=0
	# One file per process: version 14 mixes up several.
	for file in $(git ls-files 'common/*.c' 'fcgi-app/*.c' 'pipe-backend/*.c'); do
		clang-tidy --quiet "$file" -- -std=c11 -D_DEFAULT_SOURCE -I. \
			-DACMEPROXY_VERSION='""' 2>/dev/null || { echo "clang-tidy: $file"; tidied=1; }
	done
	return "$tidied"
}

step layers sh tests/lint/layers.sh
case $(clang-format --version) in
*' version 14.'*)
	# shellcheck disable=SC2086 # words are what is wanted
	step clang-format clang-format --dry-run --Werror $sources ;;
*)
	skip clang-format 'version 14 is the style, and others print some lines differently' ;;
esac
# shellcheck disable=SC2046
step shellcheck shellcheck -x $(git ls-files '*.sh' 'deploy/debian/*.post*') \
	deploy/hooks/acmeproxy-hook deploy/completion/acmeproxy.bash .ci/run
step mandoc mandoc -T lint -W warning deploy/man/*.[1-8]
step 'gcc, warnings are errors' quietly make -j2 BUILD=build/lint-gcc CC=gcc WERROR=1
step 'clang, warnings are errors' quietly make -j2 BUILD=build/lint-clang CC=clang WERROR=1 \
	all fuzzers
step clang-tidy tidy
[ -z "$skipped" ] || printf '%s\n' "${skipped#?}"
exit $rc
