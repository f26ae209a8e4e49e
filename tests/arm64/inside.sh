#!/bin/sh
# Inside the root that run.sh made: run what was built there.
set -u
cd /src || exit 1
passed=0 failed=0
emulator=qemu-aarch64
. tests/unit/run.sh

check() { # NAME WANTED SAID
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		echo "$1 said: $3"
		failed=$((failed + 1))
	fi
}

tests=
for test in tests/unit/test_*.c; do
	test=${test##*/}
	tests="$tests build/${test%.c}"
done
# shellcheck disable=SC2086 # words are what is wanted
run_unit_tests $tests

echo '== the programs'
echo '{"soa_hostname": "ns1.example.net", "soa_contact": "hostmaster.example.net"}' >settings
check 'the exit status of acmeproxy nosuch' 2 \
	"$($emulator build/acmeproxy nosuch >/dev/null 2>&1; echo $?)"
check acmeproxy-pipe "$(printf 'OK\tacmeproxy-pipe')" \
	"$(printf 'HELO\t3\n' | $emulator build/acmeproxy-pipe --config settings 2>/dev/null)"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
