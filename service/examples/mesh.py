#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mesh.py ETCD PREFIX INGRESS PROTOCOL PORT

Spreads what comes to a port of this host over the back ends that are registered in etcd, on whatever host they are: the
values of all keys that begin with PREFIX are their addresses, to which this host has routes. Run it on every host, and
every host answers for all of them:

    mesh.py http://10.0.0.254:2379 /mesh/web/ web tcp 80
    etcdctl put /mesh/web/one 172.18.1.2        # a back end comes
    etcdctl del /mesh/web/one                   # and goes

The ingress goes with this program. What etcd said last holds while it is away; a service that comes again is told again.
Its user needs manage-ingress, use-host-resources for ways out of this host and manage-foreign for endpoints of others:
50-mesh.rules allows no more. Endpoints are called by their own addresses here: ProtectEndpoints=no in netfilterd.conf.
Needs python3-dbus-next and etcd 3.4."""
import asyncio
import base64
import json
import sys
import urllib.request

from dbus_next import BusType, Message, MessageType, Variant
from dbus_next.aio import MessageBus

SERVICE = 'org.example.NetFilter'
ROOT = '/org/example/NetFilter'
SECONDS = 1  # before what failed is tried again


def encode(text):
    return base64.b64encode(text).decode()


def keys_below(prefix):
    first = prefix.encode()
    return {'key': encode(first), 'range_end': encode(first[:-1] + bytes([first[-1] + 1]))}


class Etcd:
    """The JSON form of its API; every call blocks."""

    def __init__(self, url, prefix):
        self.url, self.keys = url, keys_below(prefix)

    def post(self, path, body, timeout):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode())
        return urllib.request.urlopen(request, timeout=timeout)

    def watch(self):
        """A stream with a line for every change, and one at its start."""
        return self.post('/v3/watch', {'create_request': self.keys}, None)

    def addresses(self):
        with self.post('/v3/kv/range', self.keys, 5) as answer:
            entries = json.load(answer).get('kvs', [])
        return sorted({base64.b64decode(entry['value']).decode() for entry in entries})


class Ingress:
    def __init__(self, bus, name, protocol, port):
        self.bus, self.name, self.ports = bus, name, [[protocol, int(port)]]
        self.wanted = asyncio.Queue()

    async def call(self, path, interface, member, signature, *body):
        reply = await self.bus.call(Message(SERVICE, path, SERVICE + '.' + interface, member, signature=signature,
                                            body=list(body)))
        if reply.message_type == MessageType.ERROR:
            raise RuntimeError(reply.body[0] if reply.body else reply.error_name)
        return reply.body

    async def set_gateways(self, addresses):
        try:
            path = (await self.call(ROOT, 'Manager', 'GetIngress', 's', self.name))[0]
        except RuntimeError:
            await self.call(ROOT, 'Manager', 'CreateIngress', 'sa{sv}', self.name, {
                'Gateways': Variant('as', addresses), 'Ports': Variant('a(sq)', self.ports)})
        else:
            await self.call(path, 'Ingress', 'SetGateways', 'as', addresses)

    async def keep(self):
        """The newest of what is wanted, again until it is so; without a back end what there was before."""
        addresses = []
        while True:
            addresses = await self.wanted.get()
            while addresses and self.wanted.empty():
                try:
                    await self.set_gateways(addresses)
                    print(*addresses, flush=True)
                    break
                except RuntimeError as error:
                    print(error, file=sys.stderr, flush=True)
                    await asyncio.sleep(SECONDS)


async def follow(etcd, ingress):
    while True:
        try:
            with await asyncio.to_thread(etcd.watch) as stream:
                while await asyncio.to_thread(stream.readline):
                    await ingress.wanted.put(await asyncio.to_thread(etcd.addresses))
        except OSError as error:
            print('etcd: %s' % error, file=sys.stderr, flush=True)
        await asyncio.sleep(SECONDS)


async def main(url, prefix, *of):
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    ingress = Ingress(bus, *of)
    await asyncio.gather(follow(Etcd(url, prefix), ingress), ingress.keep())


if len(sys.argv) != 6:
    sys.exit(__doc__)
asyncio.run(main(*sys.argv[1:]))
