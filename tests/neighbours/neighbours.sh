# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A network with two containers, a machine outside and the ways between them, for tests beside a neighbour. Sourced after
# tap.sh, in tests/support/private-bus.
. "$(dirname "${BASH_SOURCE[0]}")/../support/host.sh"

create() { # NAME SUBNET SETTING…
	manager CreateNetwork 'sa{sv}' "$1" $((2 + ($# - 2) / 3)) Subnets as 1 "$2" Persistent b true "${@:3}"
}

said() { # REGEX: how many lines of the log
	grep -cE "$1" $log || true
}

says() {
	grep -qE "$1" $log || { cat $log; return 1; }
}

# Without addresses of IPv6: the neighbours treat both families alike.
make_hosts() {
	make_outside
	answer host 9090
	for container in app peer; do
		ip netns add $container
		answer $container 80
	done
}

make_network() {
	create web 172.18.0.0/16 && "$NETFILTERCTL" attach web/app app --address=172.18.0.2 --publish=8080:80 &&
		"$NETFILTERCTL" attach web/peer peer --address=172.18.0.3
}

after_service() { # COMMAND…
	start_service && make_network && "$@"
}

# from, who answers, address, port
ways='outside app 192.0.2.1 8080
host app 127.0.0.1 8080
app outside 192.0.2.2 80
app peer 172.18.0.3 80
app host 172.18.0.1 9090
host app 172.18.0.2 80'

# All at once; prints of each whether it is open.
try_ways() {
	local from who address port

	while read -r from who address port; do
		{ [ "$(asks "$from" "$address" "$port")" = "$who" ] && echo "open $from -> $who" || echo "closed $from -> $who"; } &
		jobs[${#jobs[@]}]=$!
	done <<<"$ways"
	wait "${jobs[@]}"
}

all_are() { # open|closed
	local tried jobs=()

	tried=$(try_ways)
	[ "$(grep -c "^$1 " <<<"$tried")" = "$(wc -l <<<"$ways")" ] || { echo "$tried"; return 1; }
}

# On a busy machine the second that a caller waits may be too short.
all_open() {
	eventually 30 all_are open
}

all_closed() {
	all_are closed
}

# A udev that knows our rule alone, and whose /dev is not the machine's. FOLDER has what the service ships.
start_udev() { # FOLDER
	mkdir -p /run/udev/rules.d
	cp "$1/60-netfilterd.rules" /run/udev/rules.d/
	mount -o remount,rw /sys || return 1
	unshare --mount --propagation private bash -c '
		for folder in /dev /etc/udev /usr/lib/udev/rules.d; do
			[ ! -d $folder ] || mount -t tmpfs none $folder
		done
		exec -a systemd-udevd "$PACKAGES/bin/udevadm"' >/run/udevd.log 2>&1 </dev/null &
	eventually 30 test -S /run/udev/control &&
		"$PACKAGES/bin/udevadm" trigger --subsystem-match=net --action=add --settle
}

# Read-only it tells others that no udev is to be waited for.
mount_sys() {
	mount -t sysfs -o ro sysfs /sys
}

has_address() {
	ip -4 -o address show dev br-web | grep -q ' 172\.18\.0\.1/16 ' || { ip address show dev br-web; return 1; }
}

# All is as the service wants it, however it came to be.
heals() {
	eventually 30 has_address && eventually 30 all_open
}

# A fresh network for the next state.
renew() {
	object network/web Network Delete && make_network
}
