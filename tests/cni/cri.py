#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cri.py SOCKET COMMAND...

The Container Runtime Interface, as the kubelet calls it. Its messages are written by hand, with the numbers that their fields
have in api.proto of k8s.io/cri-api.

  ready                                        waits for runtime and network
  pod NAME [PROTOCOL:HOSTPORT:PORT[:HOSTIP]]...  runs a sandbox, and prints its id
  container POD NAME IMAGE COMMAND...          starts a container in it
  status POD                                   its addresses, and whether it is ready
  stop POD, remove POD

The control groups are below $GROUP."""
import os
import sys
import time

import grpc

READY_SECONDS = 30
CALL_SECONDS = 60


def varint(number):
    data = b''
    while number > 127:
        data, number = data + bytes([number & 127 | 128]), number >> 7
    return data + bytes([number])


def message(*fields):
    """Of (number, value): an int, a text, or a message."""
    data = b''
    for number, value in fields:
        if isinstance(value, int):
            data += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            data += varint(number << 3 | 2) + varint(len(value)) + value
    return data


def parse(data):
    """Lists of values by the number of their field."""
    fields, at = {}, 0

    def read():
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at, number, shift = at + 1, number | (byte & 127) << shift, shift + 7
            if byte < 128:
                return number

    while at < len(data):
        key = read()
        if key & 7:
            size = read()
            value, at = data[at:at + size], at + size
        else:
            value = read()
        fields.setdefault(key >> 3, []).append(value)
    return fields


def port_mapping(text):
    protocol, outer, inner, address = (text.split(':', 3) + [''])[:4]
    return message((1, ('tcp', 'udp', 'sctp').index(protocol)), (2, int(inner)), (3, int(outer)), (4, address))


def pod_config(name, ports=()):
    metadata = message((1, name), (2, 'uid-' + name), (3, 'default'), (4, 0))
    return message((1, metadata), (2, name), (3, '/run/pods'), *((5, port_mapping(port)) for port in ports),
                   (8, message((1, '/' + os.environ['GROUP']))))


class Runtime:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel('unix://' + socket)

    def call(self, method, request):
        stub = self.channel.unary_unary('/runtime.v1.RuntimeService/' + method, request_serializer=bytes,
                                        response_deserializer=parse)
        return stub(request, timeout=CALL_SECONDS)

    def is_ready(self):
        status = parse(self.call('Status', b'')[1][0])
        return all(parse(condition).get(2) == [1] for condition in status[1])

    def ready(self):
        limit = time.monotonic() + READY_SECONDS
        while True:
            try:
                if self.is_ready():
                    return
                reason = 'the runtime or its network is not ready'
            except grpc.RpcError as error:
                reason = error.details()
            if time.monotonic() > limit:
                sys.exit(reason)
            time.sleep(0.1)

    def pod(self, name, *ports):
        print(self.call('RunPodSandbox', message((1, pod_config(name, ports))))[1][0].decode())

    def container(self, pod, name, image, *command):
        config = message((1, message((1, name))), (2, message((1, image))), *((3, word) for word in command),
                         (11, name + '.log'), (15, message()))
        made = self.call('CreateContainer', message((1, pod), (2, config), (3, pod_config(name))))[1][0]
        self.call('StartContainer', message((1, made)))

    def status(self, pod):
        status = parse(self.call('PodSandboxStatus', message((1, pod)))[1][0])
        network = parse(status[5][0])
        addresses = network.get(1, []) + [parse(more)[1][0] for more in network.get(2, [])]
        print(*(address.decode() for address in addresses), 'notready' if status.get(3) == [1] else 'ready')

    def stop(self, pod):
        self.call('StopPodSandbox', message((1, pod)))

    def remove(self, pod):
        self.call('RemovePodSandbox', message((1, pod)))


def main():
    socket, command, *arguments = sys.argv[1:]
    try:
        getattr(Runtime(socket), command)(*arguments)
    except grpc.RpcError as error:
        sys.exit('%s: %s' % (error.code().name, error.details()))


if __name__ == '__main__':
    main()
