# shellcheck shell=sh
# Other scripts (without set -e) source this, to run unit tests and count what is
# in them.

# Run the given programs, with $emulator if that is set; add to $passed and
# $failed.  Print what a failed one said.
run_unit_tests() {
	said=$(mktemp)
	for test in "$@"; do
		echo "== ${test##*/}"
		CMOCKA_MESSAGE_OUTPUT=stdout \
			timeout 600 ${emulator:+"$emulator"} "$test" >"$said" 2>&1 ||
			cat "$said"
		n=$(grep -c '^\[       OK \]' "$said")
		bad=$(grep -c '^\[  FAILED  \] [0-9]* test' "$said")
		f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$said" | head -n 1)
		# A test that crashed has no summary at all.
		grep -q '^\[==========\].*run' "$said" || bad=1 f=1
		passed=$((passed + n))
		[ "$bad" -eq 0 ] || failed=$((failed + ${f:-1}))
	done
	rm -f "$said"
}
