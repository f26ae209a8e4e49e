#!/bin/sh
# Run all tests; the last line counts them.  Arguments: the unit tests.
set -u
passed=0 failed=0
TMPDIR=$(mktemp -d) # for all that the tests leave behind
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
log=$TMPDIR/log

. tests/unit/run.sh
run_unit_tests "$@"

echo "== system tests"
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE
/usr/bin/python3 -B -m pytest -q -rs -p no:cacheprovider --color=no \
	tests/system tests/hooks >"$log" 2>&1
status=$?
cat "$log"
summary=$(tail -n 1 "$log")
count() { # WORD
	n=$(printf '%s\n' "$summary" | sed -n "s/.*\b\([0-9][0-9]*\) $1.*/\1/p")
	echo "${n:-0}"
}
passed=$((passed + $(count passed)))
failed=$((failed + $(count failed) + $(count error)))
# pytest may stop without having counted anything.
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1

skipped=$(count skipped)
[ "$skipped" -eq 0 ] || skips=", $skipped skipped"
echo "$passed passed, $failed failed${skips:-}"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
