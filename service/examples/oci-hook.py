#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""oci-hook.py NETWORK [HOSTPORT:PORT...]

A createRuntime hook of the OCI runtimes runc and crun: puts the container on a network, with an address that the service
chooses, and publishes ports. LifetimeFd is the pidfd of the container, so all of it goes with that, however it ends; no
other hook is needed. In config.json:

    "hooks": {"createRuntime": [{"path": "/usr/local/bin/oci-hook.py", "args": ["oci-hook.py", "web", "8080:80"]}]}

Needs python3-dbus-next."""
import asyncio
import ctypes
import json
import os
import socket
import sys

from dbus_next import BusType, Message, MessageType, Variant
from dbus_next.aio import MessageBus

SERVICE = 'org.example.NetFilter'
ROOT = '/org/example/NetFilter'
CLONE_NEWNET = 0x40000000
NETLINK_ROUTE = 0


def setns(fd):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET) < 0:
        raise OSError(ctypes.get_errno(), 'setns')


def namespace_socket(pid):
    """What names the namespace of a process to the service."""
    home, there = (os.open('/proc/%s/ns/net' % of, os.O_RDONLY) for of in ('self', pid))
    setns(there)
    try:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
    finally:
        setns(home)
        os.close(home)
        os.close(there)


def mapping(text):
    host_port, port = text.split(':')
    return ['tcp', '', int(host_port), int(port), 1]


async def call(bus, path, interface, member, signature, body, fds=()):
    reply = await bus.call(Message(SERVICE, path, SERVICE + '.' + interface, member, signature=signature, body=body,
                                   unix_fds=list(fds)))
    if reply.message_type == MessageType.ERROR:
        sys.exit(reply.body[0] if reply.body else reply.error_name)
    return reply.body


async def main(network, *ports):
    state = json.load(sys.stdin)
    bus = await MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True).connect()
    path = (await call(bus, ROOT, 'Manager', 'GetNetwork', 's', [network]))[0]
    netns, process = namespace_socket(state['pid']), os.pidfd_open(state['pid'])
    await call(bus, path, 'Network', 'CreateEndpoint', 'sa{sv}', [state['id'][:64], {
        'Allocate': Variant('as', ['ipv4']),
        'NetNS': Variant('h', 0),
        'LifetimeFd': Variant('h', 1),
        'Ports': Variant('a(ssqqq)', [mapping(port) for port in ports]),
    }], [netns.fileno(), process])


if len(sys.argv) < 2:
    sys.exit(__doc__)
asyncio.run(main(*sys.argv[1:]))
