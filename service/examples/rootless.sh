#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rootless.sh NETWORK/NAME HOSTPORT:PORT DIRECTORY COMMAND...
#
# A container of whoever calls it, with root of its own and the files of DIRECTORY, connected to the bridge of NETWORK by the
# service. It needs no privilege but a rule of polkit (50-rootless.rules), and goes with its command.
set -eu
# shellcheck disable=SC2016 # what stands there is for the shell inside
exec unshare --user --map-root-user --net --mount --pid --ipc --uts --fork --kill-child sh -euc '
	netfilterctl attach "$1" /proc/self/ns/net --publish="$2"
	ip link set lo up
	mount -t proc proc "$3/proc"
	directory=$3
	shift 3
	exec chroot "$directory" "$@"' container "$@"
