# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For package-install and package-remove: what the host is without the package.

. "$BOX/box.sh"

untouched_files=/root/files untouched_host=/root/host progress=/root/progress

install_package() {
	DEBIAN_FRONTEND=noninteractive dpkg --install --force-confold "$BOX/$1.deb"
}

# Names, and who there is; neither what dpkg knows nor what others wrote meanwhile.
files() {
	find /etc /opt /usr /var -xdev \( -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /var/log -o -path /var/tmp \
		-o -path /var/cache -o -name '*-' \) -prune -o -print | sort
	sort /etc/passwd /etc/group
}

# What networks change of a host. A table that is empty is none.
host_state() {
	rules | grep -v -e '^\*' -e '^:.* ACCEPT$' -e '^COMMIT$'
	ip -oneline address
	nft list tables
	sysctl --all --pattern '^net.(ipv4.ip_forward|ipv[46].conf|bridge)' 2>/dev/null
	ls -A /run/netfilterd 2>/dev/null || :
}

create_web() {
	call "" Manager CreateNetwork 'sa{sv}' web 4 Subnets as 2 172.18.0.0/16 fd00:18::/64 Bridge s br-web \
		Persistent b true Endpoints 'a(sa{sv})' 1 \
		app 3 Addresses as 2 172.18.0.2 fd00:18::2 Ports 'a(ssqqq)' 1 tcp "" 8080 80 1 Persistent b true
}

# --- a machine outside, and a container ---

# make_machines BRIDGE PREFIX PORT: the container is PREFIX.2 on the bridge, whose address is PREFIX.1, and answers at the
# host's port.
make_machines() {
	local name

	for name in outside container; do
		ip netns add $name
		ip link add to-$name type veth peer name eth0 netns $name
		ip link set to-$name up
		ip -netns $name link set eth0 up
	done
	ip address add 192.0.2.1/24 dev to-outside
	ip -netns outside address add 192.0.2.2/24 dev eth0
	ip link set to-container master "$1"
	ip -netns container address add "$2.2/24" dev eth0
	ip -netns container route add default via "$2.1"
	ip netns exec container python3 -c 'import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)
socketserver.ThreadingTCPServer(("", 80), Echo).serve_forever()' &
	eventually 30 echoes "$3" hello
}

# echoes PORT LINE
echoes() {
	is "$2" ip netns exec outside bash -c 'exec 3<>"/dev/tcp/192.0.2.1/$1" && echo "$2" >&3 && read -r -t 10 line <&3 &&
		echo "$line"' - "$1" "$2"
}
