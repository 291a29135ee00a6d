#!/usr/bin/env python3
"""What an idle polling session costs: opens sessions, leaves a GET waiting on each until it is
parked, and reads how much the server's proportional set size has grown.

    cargo build --release -p bench-server
    tests/bench/idle_polling.py target/release/bench-server [SESSIONS [PARK_MS]]

Sessions come in hundreds, each hundred when the one before is parked, as they would over time: what
the HTTP server needs for the last hundred is used again by the next. A PARK_MS of 3600000 shows
what they cost unparked.
"""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time

TOGETHER = 100


def memory(pid):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return 1024 * int(re.search(r"^Pss:\s+(\d+)", rollup.read(), re.M).group(1))


async def answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head, re.I).group(1))
    return await reader.readexactly(length)


async def session(port, park):
    """A session in the namespace `/`, whose GET waits."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    def send(method, query, body=b""):
        target = f"/socket.io/?EIO=4&transport=polling{query}"
        head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    send("GET", "")
    sid = re.search(rb'"sid":"([^"]+)"', await answer(reader)).group(1).decode()
    send("POST", f"&sid={sid}", b"40")
    assert await answer(reader) == b"ok"
    send("GET", f"&sid={sid}")
    assert (await answer(reader)).startswith(b"40{")
    send("GET", f"&sid={sid}")
    if park < 60_000:
        # The head of the answer; the rest comes when there is something to say.
        await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def measure(binary, sessions, park):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {**os.environ, "PORT": str(port), "PARK_MS": str(park)}
    server = subprocess.Popen([binary], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline().startswith("ready")

        async def some():
            return await asyncio.gather(*(session(port, park) for _ in range(TOGETHER)))

        warm = await some()
        before = memory(server.pid)
        held = []
        while len(held) < sessions:
            held += await some()
        # GETs that are not parked have been read once nothing changes any more.
        deadline, last = time.monotonic() + 10, None
        while time.monotonic() < deadline and last != (last := memory(server.pid)):
            await asyncio.sleep(1)
        print(f"{(last - before) / len(held):.0f} bytes for each of {len(held)} polling sessions")
        del warm
    finally:
        server.terminate()
        server.wait()


_, binary, *numbers = sys.argv
sessions, park = [int(number) for number in numbers] + [4000, 50][len(numbers):]
asyncio.run(measure(binary, sessions, park))
