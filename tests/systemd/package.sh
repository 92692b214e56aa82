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
