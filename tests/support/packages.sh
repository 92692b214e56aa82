# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# Debian packages, for scripts that source this. Installs only what is missing, and nothing when nothing is.

BUILD_PACKAGES='gcc libc6-dev meson ninja-build pkg-config libglib2.0-dev libip4tc-dev libip6tc-dev
	libjson-glib-dev libmnl-dev libmsgpack-dev libnftnl-dev libnl-route-3-dev libsmartcols-dev libsystemd-dev
	python3-docutils'
# busctl is in systemd, setpriv and unshare are in util-linux
RUN_PACKAGES='dbus-daemon iproute2 iptables nftables systemd util-linux'

need_packages() {
	local package missing=()

	for package; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "These Debian packages are missing, and only root can install them: ${missing[*]}" >&2
		return 1
	fi
	echo "installing: ${missing[*]}"
	apt-get -qq update >/dev/null &&
		DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null
}

# fetch_package PACKAGE DIRECTORY: prints the path of its .deb there, which it downloads if it is not there yet. Installs nothing.
fetch_package() {
	local package=$1 directory=$2 found

	found=$(find "$directory" -maxdepth 1 -name "${package}_*.deb" -print -quit)
	if [ -z "$found" ]; then
		(cd "$directory" && timeout 60 apt-get -qq download "$package" >/dev/null 2>&1) || return 1
		found=$(find "$directory" -maxdepth 1 -name "${package}_*.deb" -print -quit)
	fi
	[ -n "$found" ] && echo "$found"
}
