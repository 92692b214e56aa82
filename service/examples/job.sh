#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# job.sh COMMAND...
#
# Runs a command beside a network of its own, $NETWORK, with an endpoint whose port 80 is published as $PORT. Each
# busctl leaves the bus at once, so the network is Persistent; it goes at the end, and in an hour whatever happens.
set -eu

service=org.example.NetFilter
root=/org/example/NetFilter
NETWORK=job$$

busctl --quiet call $service $root $service.Manager CreateNetwork 'sa{sv}' "$NETWORK" 4 \
	Subnets as 1 172.31.0.0/16 Persistent b true TimeoutUSec t 3600000000 \
	Endpoints 'a(sa{sv})' 1 main 2 Addresses as 1 172.31.0.2 Ports 'a(ssqqq)' 1 tcp '' 0 80 1
trap 'busctl call $service $root/network/$NETWORK $service.Network Delete' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

PORT=$(busctl get-property $service "$root/network/$NETWORK/endpoint/main" $service.Endpoint Ports |
	cut -d' ' -f5)
export NETWORK PORT
"$@"
