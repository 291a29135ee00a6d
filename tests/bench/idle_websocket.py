#!/usr/bin/env python3
"""What an idle WebSocket costs, in both modes of serving one: opens connections, each in the namespace `/`, and reads how much
the server's proportional set size has grown.

    cargo build --release -p bench-server
    tests/bench/idle_websocket.py target/release/bench-server [CONNECTIONS]
"""

import asyncio
import re
import sys
import time

from room import join, serve

TOGETHER = 100


def memory(pid):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return 1024 * int(re.search(r"^Pss:\s+(\d+)", rollup.read(), re.M).group(1))


async def measure(binary, connections, mode):
    with serve(binary, MODE=mode) as (pid, port):

        async def some():
            return await asyncio.gather(*(join(port, False, None) for _ in range(TOGETHER)))

        warm = await some()
        before = memory(pid)
        held = []
        while len(held) < connections:
            held += await some()
        deadline, last = time.monotonic() + 10, None
        while time.monotonic() < deadline and last != (last := memory(pid)):
            await asyncio.sleep(1)
        print(f"{mode}: {(last - before) / len(held):.0f} bytes for each of {len(held)} WebSockets")
        del warm


_, binary, *numbers = sys.argv
for mode in ["handoff", "body"]:
    asyncio.run(measure(binary, int(numbers[0]) if numbers else 5000, mode))
