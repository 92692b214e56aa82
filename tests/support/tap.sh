# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# TAP from a script that sources this: check NAME COMMAND..., and at the end done_testing.

n_checks=0 n_failed=0

# check NAME COMMAND...: it must succeed; otherwise what it printed explains why. It runs in this shell, and may leave
# variables and processes behind.
check() {
	local name=$1 output status=0
	shift
	output=$(mktemp)
	n_checks=$((n_checks + 1))
	"$@" >"$output" 2>&1 || status=$?
	if [ $status = 0 ]; then
		echo "ok $n_checks $name"
	else
		n_failed=$((n_failed + 1))
		echo "not ok $n_checks $name"
		{ echo "$*"; cat "$output"; } | sed 's/^/# /'
	fi
	rm "$output"
}

skip_check() {
	n_checks=$((n_checks + 1))
	echo "ok $n_checks $1 # SKIP $2"
}

done_testing() {
	echo "1..$n_checks"
	[ $n_failed = 0 ]
}

# set_down FILE: the checks so far, for another script to go on from with take_up
set_down() {
	echo "n_checks=$n_checks n_failed=$n_failed" >"$1"
}

take_up() {
	. "$1"
}

# is EXPECTED COMMAND...: prints exactly that
is() {
	local expected=$1 found
	shift
	found=$("$@") || { echo "$* fails"; return 1; }
	[ "$found" = "$expected" ] || { printf 'expected: %s\nfound:    %s\n' "$expected" "$found"; return 1; }
}

# fails_with TEXT COMMAND...: fails, and says that
fails_with() {
	local text=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "succeeds: $output"
		return 1
	fi
	[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
}

# eventually SECONDS COMMAND...: succeeds within that time
eventually() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) output
	shift
	until output=$("$@" 2>&1); do
		[ "${EPOCHREALTIME/./}" -lt $end ] || { echo "$output"; return 1; }
		sleep 0.02
	done
}

not() {
	! "$@"
}
