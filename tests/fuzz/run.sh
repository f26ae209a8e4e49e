#!/bin/sh
# Run each given fuzzer for FUZZ_S seconds (10 if not set) on a copy of its
# corpus.  An input that crashes it is kept beside it.
set -eu

seconds=${FUZZ_S:-10}
corpora=$(dirname "$0")/corpus
copies=$(mktemp -d)
trap 'rm -rf "$copies"' EXIT
trap 'exit 130' INT TERM
status=0

for fuzzer in "$@"; do
	target=$(basename "$fuzzer")
	target=${target#fuzz_}
	mkdir "$copies/$target"
	cp "$corpora/$target"/* "$copies/$target/"
	if UBSAN_OPTIONS=print_stacktrace=1 "$fuzzer" \
		-max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
		-malloc_limit_mb=0 -rss_limit_mb=0 \
		-artifact_prefix="$(dirname "$fuzzer")/$target-" \
		"$copies/$target" >"$fuzzer.log" 2>&1; then
		result=ok
	else
		result=FAILED
		status=1
	fi
	n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$fuzzer.log")
	printf '%-10s %10s executions  %s\n' "$target" "${n:-0}" "$result"
	if [ "$result" = FAILED ]; then
		grep -E 'check failed:|ERROR:|SUMMARY:|runtime error:|Test unit' \
			"$fuzzer.log" || tail -n 20 "$fuzzer.log"
	fi
done
exit "$status"
