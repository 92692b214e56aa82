#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""watch.py SUBNET ADDRESS

Makes a network with one endpoint, publishes and withdraws ports as it is told on standard input ("8080:80" or
"-8080:80", a line each), and prints what the service signals of them. All of it goes with this program, whose
connection owns it. Needs python3-dbus-next."""
import asyncio
import sys

from dbus_next import BusType, DBusError, Variant
from dbus_next.aio import MessageBus

SERVICE = 'org.example.NetFilter'
ROOT = '/org/example/NetFilter'


async def interface(bus, path, name):
    proxy = bus.get_proxy_object(SERVICE, path, await bus.introspect(SERVICE, path))
    return proxy.get_interface(name)


def mapping(text):
    host_port, port = text.split(':')
    return ['tcp', '', int(host_port), int(port), 1]


async def lines():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield line.decode().strip()


def on_properties_changed(_interface, changed, _invalidated):
    if 'Ports' in changed:
        ports = ['%d:%d' % (host_port, port) for _, _, host_port, port, _ in changed['Ports'].value]
        print('published:', ' '.join(ports) or 'nothing', flush=True)


async def main(subnet, address):
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    manager = await interface(bus, ROOT, SERVICE + '.Manager')
    path = await manager.call_create_network('watch', {'Subnets': Variant('as', [subnet])})
    network = await interface(bus, path, SERVICE + '.Network')
    path = await network.call_create_endpoint('main', {'Addresses': Variant('as', [address])})
    endpoint = await interface(bus, path, SERVICE + '.Endpoint')
    properties = await interface(bus, path, 'org.freedesktop.DBus.Properties')
    properties.on_properties_changed(on_properties_changed)
    print('ready', flush=True)
    async for line in lines():
        try:
            if line.startswith('-'):
                await endpoint.call_unpublish([mapping(line[1:])])
            else:
                await endpoint.call_publish([mapping(line)])
        except DBusError as error:
            print('%s: %s' % (error.type.rsplit('.', 1)[1], error.text), flush=True)


if len(sys.argv) != 3:
    sys.exit(__doc__)
asyncio.run(main(sys.argv[1], sys.argv[2]))
