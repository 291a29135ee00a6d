"""Clients of the bench server, and how much CPU time it takes to serve them."""

import asyncio
import contextlib
import os
import socket
import subprocess
import time


def cpu_seconds(pid):
    # The process CPU clock of another process, see clock_getcpuclockid(3).
    return time.clock_gettime((~pid << 3) | 2)


def frame(text):
    payload = text.encode()
    head = bytes([0x81, 0xFE]) + len(payload).to_bytes(2, "big")
    if len(payload) < 126:
        head = bytes([0x81, 0x80 | len(payload)])
    # Masked with zeros, it reads as what it carries.
    return head + bytes(4) + payload


class Member(asyncio.Protocol):
    """Counts the frames that come."""

    def __init__(self, port, extension):
        self.head = False
        self.buffer = bytearray()
        self.frames = 0
        self.bytes = 0
        self.waiter = None
        extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if extension else ""
        self.request = (
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extension}\r\n"
        ).encode()

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data):
        self.buffer += data
        if not self.head:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = bytes(self.buffer[:end])
            del self.buffer[: end + 4]
        while len(self.buffer) >= 2:
            length, start = self.buffer[1], 2
            if length == 126:
                if len(self.buffer) < 4:
                    return
                length, start = int.from_bytes(self.buffer[2:4], "big"), 4
            elif length == 127:
                if len(self.buffer) < 10:
                    return
                length, start = int.from_bytes(self.buffer[2:10], "big"), 10
            if len(self.buffer) < start + length:
                return
            first, payload = self.buffer[0], self.buffer[start : start + length]
            del self.buffer[: start + length]
            if payload == b"2":
                self.transport.write(frame("3"))
                continue
            self.first = first
            self.frames += 1
            self.bytes += start + length
            if self.waiter and self.frames >= self.target:
                self.waiter, waiter = None, self.waiter
                waiter()

    def when(self, frames, waiter):
        self.target = frames
        if self.frames >= frames:
            return waiter()
        self.waiter = waiter


class Room:
    """Members of one kind, and who publishes `body` to them, which is JSON."""

    def __init__(self, name, body, members, publisher):
        self.name, self.body, self.members, self.publisher = name, body, members, publisher

    async def round(self):
        done = asyncio.get_running_loop().create_future()
        left = len(self.members)

        def arrived():
            nonlocal left
            left -= 1
            if left == 0:
                done.set_result(None)

        for member in self.members:
            member.when(member.frames + 1, arrived)
        self.publisher.transport.write(frame(f'42["publish","{self.name}",{self.body}]'))
        await asyncio.wait_for(done, 30)


async def join(port, extension, room, namespace=""):
    loop = asyncio.get_running_loop()
    _, member = await loop.create_connection(lambda: Member(port, extension), "127.0.0.1", port)
    for number, packet in enumerate([None, f"40{namespace}", f'420["join","{room}"]' if room else None]):
        if packet:
            member.transport.write(frame(packet))
        elif number:
            break
        done = loop.create_future()
        member.when(number + 1, lambda: done.set_result(None))
        await asyncio.wait_for(done, 30)
    assert (b"permessage-deflate" in member.head) == extension, member.head
    return member


async def enter(port, extension, name, body, count):
    """A room of so many members, warmed up."""
    members = [await join(port, extension, name) for _ in range(count)]
    room = Room(name, body, members, await join(port, False, None))
    for _ in range(20):
        await room.round()
    return room


async def cost(pid, room, messages, settled=None):
    """The server's microseconds for each delivery of so many broadcasts, and for what comes of them until it has
    `settled`."""
    before = cpu_seconds(pid)
    for _ in range(messages):
        await room.round()
    if settled:
        await settled()
    return 1e6 * (cpu_seconds(pid) - before) / messages / len(room.members)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.contextmanager
def serve(command, **options):
    """A server of its own, with these variables in its environment: its process and its port."""
    port = free_port()
    env = {**os.environ, "PORT": str(port), **options}
    command = [command] if isinstance(command, str) else command
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline().startswith("ready")
        yield server.pid, port
    finally:
        stop(server)


def stop(process):
    """Ends it, and for good if it takes longer than a drain may."""
    process.terminate()
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
