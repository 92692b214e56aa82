# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A container engine and netfilterd on a host of their own. Sourced after tap.sh, with what with-packages leaves: it starts the
# script that sources it again in private-bus, whose path is the first argument.
. "$(dirname "${BASH_SOURCE[0]}")/../support/host.sh"

if [ "${1:-}" != --inside ]; then
	[ -n "${PACKAGES:-}" ] || skip "$NO_PACKAGES"
	# Control groups are the machine's, and outlive those who were in them.
	export GROUP=netfilterd-$$
	PRIVATE_BUS_POLKIT=no PRIVATE_BUS_PACKAGES=yes "$1" "$0" --inside "${@:2}"
	status=$?
	find /sys/fs/cgroup/ -depth -type d -path "*/$GROUP*" -exec rmdir {} + 2>/dev/null
	exit $status
fi
shift
# What engines and plugins keep beside what they are told to.
for directory in /opt /var/lib; do
	mount -t tmpfs -o mode=0755 engine $directory
done

# --- what an engine is given ---

# A directory with the plugins of the package and ours.
make_plugins() {
	mkdir -p /run/plugins && ln -s "$PACKAGES"/usr/lib/cni/* "$NETFILTER" /run/plugins/
}

# A container's files, of busybox alone.
make_files() { # DIRECTORY
	local name

	mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp,run,root} && cp "$PACKAGES/bin/busybox" "$1/bin/" || return 1
	for name in sh sleep nc hostname; do
		ln -sf busybox "$1/bin/$name"
	done
}

# --- what is there ---

# As asks does by TCP.
asks_udp() { # WHERE ADDRESS PORT
	local in=(ip netns exec "$1")

	[ "$1" != host ] || in=()
	"${in[@]}" /usr/bin/python3 -c 'import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(1)
    client.connect((sys.argv[1], int(sys.argv[2])))
    client.send(b"who")
    print(client.recv(99).decode())' "$2" "$3" 2>/dev/null
}

# Answers in the namespace of a process, with a word.
answer_udp() { # PID PORT WORD
	rm -f /run/answers-udp
	nsenter -t "$1" -n /usr/bin/python3 -c 'import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", int(sys.argv[1])))
    print(flush=True)
    while True:
        server.sendto(sys.argv[2].encode(), server.recvfrom(99)[1])' "$2" "$3" >/run/answers-udp &
	eventually 30 test -s /run/answers-udp
}

# The machine outside and the host have addresses of IPv6 as well.
add_ipv6_outside() {
	ip address add 2001:db8:1::1/64 dev uplink nodad && ip -n outside address add 2001:db8:1::2/64 dev eth0 nodad
}

# Who is reached from there, once the server has come up.
reaches() { # WHO WHERE ADDRESS PORT
	eventually 30 is "$1" asks "${@:2}"
}

from_inside() { # PID ADDRESS PORT
	nsenter -t "$1" -n timeout 2 bash -c "read -r line </dev/tcp/$2/$3 && echo \$line" 2>/dev/null
}

# A container's way out: the machine outside answers.
leaves() { # PID
	eventually 30 is outside from_inside "$1" 192.0.2.2 80
}

rules() {
	iptables-legacy-save
	nft list ruleset
}

# No object, no interface beside the bridges, no rule with one of these words.
nothing_is_left() { # WORD...
	local word found

	is '' "$NETFILTERCTL" list --no-legend || return 1
	found=$(ip -o link show type veth | grep -v ': uplink')
	[ -z "$found" ] || { echo "$found"; return 1; }
	for word; do
		not grep -wF -- "$word" <(rules 2>/dev/null) || return 1
	done
}

# The kernel keeps what the service does not.
kill_service() {
	kill -KILL "$service" && { wait "$service" 2>/dev/null || true; }
}
