# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A host with the service and a machine outside, for tests by script. Sourced after tap.sh, in tests/support/private-bus.

N=org.example.NetFilter P=/org/example/NetFilter
log=/run/netfilterd.log

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

manager() { # MEMBER ARGUMENT…
	busctl --quiet call $N $P $N.Manager "$@"
}

object() { # PATH INTERFACE ARGUMENT…
	busctl --quiet call $N $P/"$1" $N."$2" "${@:3}"
}

start_service() {
	[ -f /run/netfilterd.conf ] || printf '[NetFilter]\nIdleExitSec=0\nCheckIntervalSec=1\nBackend=%s\n' "${NETFILTERD_BACKEND:-iptables}" \
		>/run/netfilterd.conf
	"$NETFILTERD" --config /run/netfilterd.conf >>$log 2>&1 &
	service=$!
	gdbus wait --system --timeout 10 $N || { cat $log; return 1; }
}

# What answers on a port there with a word: "host" is this one.
answer() { # WHERE PORT
	local in=(ip netns exec "$1")

	[ "$1" != host ] || in=()
	"${in[@]}" /usr/bin/python3 -c 'import socket, sys
with socket.create_server(("", int(sys.argv[2]))) as server:
    print(flush=True)
    while True:
        server.accept()[0].sendall(sys.argv[1].encode() + b"\n")' "$1" "$2" >"/run/answers-$1" &
	eventually 30 test -s "/run/answers-$1"
}

# At 192.0.2.2, where something answers at port 80; the host is 192.0.2.1.
make_outside() {
	ip netns add outside
	ip link add uplink type veth peer name eth0 netns outside
	ip address add 192.0.2.1/24 dev uplink
	ip link set uplink up
	ip -n outside address add 192.0.2.2/24 dev eth0
	ip -n outside link set eth0 up
	answer outside 80
}

asks() { # WHERE ADDRESS PORT
	local in=(ip netns exec "$1")

	[ "$1" != host ] || in=()
	"${in[@]}" timeout 1 bash -c "read -r line </dev/tcp/$2/$3 && echo \$line" 2>/dev/null
}
