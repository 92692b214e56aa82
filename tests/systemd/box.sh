# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For scripts that run in tests/systemd/systemd-box: the service by hand, and its clients.

. "$BOX/tap.sh"

service=org.example.NetFilter
root=/org/example/NetFilter

# The installed service, below any prefix.
find_program() {
	program=$(systemctl cat netfilterd | sed -n 's/^ExecStart=//p')
	configuration=$("$program" --help | sed -n 's/.*read this configuration (\(.*\))/\1/p')
}

# as USER COMMAND...
as() {
	setpriv --reuid="$1" --clear-groups "${@:2}"
}

# call PATH INTERFACE MEMBER...: both below our names
call() {
	busctl call $service "$root$1" "$service.$2" "${@:3}"
}

property() {
	busctl get-property $service "$root$1" "$service.$2" "$3"
}

# configure LINE...: and told of it if it runs
configure() {
	printf '[NetFilter]\n' >"$configuration"
	printf '%s\n' "$@" >>"$configuration"
}

main_pid() {
	systemctl show -P MainPID netfilterd
}

state_is() {
	is "$1" systemctl show -P ActiveState netfilterd
}

rules() {
	{ iptables-legacy-save && ip6tables-legacy-save; } | sed '/^#/d; s/ \[[0-9]*:[0-9]*\]$//'
}

# Everything there is to be seen of the service: the rules, its objects, the links.
snapshot() {
	rules
	busctl call -j $service $root org.freedesktop.DBus.ObjectManager GetManagedObjects |
		python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin), sort_keys=True, indent=1))'
	ip -brief address
}

# start_client NAME ARGUMENT...: tests/client, and waits until all its calls have succeeded; its pid is $client
start_client() {
	local name=$1
	shift
	rm -f "/run/$name.out" # what a client of that name said before
	"$BOX/client" "$@" <&0 >"/run/$name.out" 2>&1 &
	client=$!
	eventually 30 grep -qx ready "/run/$name.out" && not grep Error "/run/$name.out"
}

stop_client() {
	kill -9 "$1"
	wait "$1" 2>/dev/null || :
}

# crash: ends the service without a word and waits for the next one
crash() {
	local pid
	pid=$(main_pid)
	kill -9 "$pid"
	eventually 30 restarted "$pid"
}

restarted() {
	local pid
	pid=$(main_pid)
	[ "$pid" != 0 ] && [ "$pid" != "$1" ] && state_is active
}

port_is_free() {
	python3 -c 'import socket, sys; socket.socket().bind(("", int(sys.argv[1])))' "$1" 2>/dev/null
}
