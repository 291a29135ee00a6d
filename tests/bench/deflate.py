#!/usr/bin/env python3
"""What permessage-deflate costs the server for each delivery of a broadcast to 1,000, beside the same
broadcast uncompressed.

    cargo build --release -p bench-server
    tests/bench/deflate.py target/release/bench-server [MEMBERS [MESSAGES]]

The same server serves both: what is compressed is up to the clients. Its CPU time is user and
system, all threads; the passes of the two kinds alternate.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time

PASSES = 5
TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom. "
BODY = json.dumps({"text": (TEXT * 30)[:2000], "seq": 1})


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
    """Members of one kind, and who publishes to them."""

    def __init__(self, name, members, publisher):
        self.name, self.members, self.publisher = name, members, publisher

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
        self.publisher.transport.write(frame(f'42["publish","{self.name}",{BODY}]'))
        await asyncio.wait_for(done, 30)


async def join(port, extension, room):
    loop = asyncio.get_running_loop()
    _, member = await loop.create_connection(lambda: Member(port, extension), "127.0.0.1", port)
    for number, packet in enumerate([None, "40", f'420["join","{room}"]' if room else None]):
        if packet:
            member.transport.write(frame(packet))
        elif number:
            break
        done = loop.create_future()
        member.when(number + 1, lambda: done.set_result(None))
        await asyncio.wait_for(done, 30)
    assert (b"permessage-deflate" in member.head) == extension, member.head
    return member


async def measure(binary, count, messages):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {**os.environ, "PORT": str(port), "DEFLATE": "1"}
    server = subprocess.Popen([binary], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "ready\n"
        rooms = []
        for name, extension in [("plain", False), ("deflated", True)]:
            members = [await join(port, extension, name) for _ in range(count)]
            rooms.append(Room(name, members, await join(port, False, None)))
        for room in rooms:
            for _ in range(20):
                await room.round()
        costs = {room.name: [] for room in rooms}
        for _ in range(PASSES):
            for room in rooms:
                before = cpu_seconds(server.pid)
                for _ in range(messages):
                    await room.round()
                spent = cpu_seconds(server.pid) - before
                costs[room.name].append(1e6 * spent / messages / count)
        for room in rooms:
            member = room.members[0]
            compressed = member.first & 0x40 != 0
            assert compressed == (room.name == "deflated"), member.first
            figures = " ".join(f"{cost:.2f}" for cost in costs[room.name])
            size = member.bytes // member.frames
            print(f"{room.name:9} us per delivery: {figures}; about {size} bytes each")
        ratios = [after / before for before, after in zip(*costs.values())]
        print(f"ratio: {statistics.median(ratios):.2f} (of each pass: {' '.join(f'{r:.2f}' for r in ratios)})")
    finally:
        server.terminate()
        server.wait()


_, binary, *numbers = sys.argv
count, messages = [int(number) for number in numbers] + [1000, 200][len(numbers):]
asyncio.run(measure(binary, count, messages))
