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
import statistics
import sys

from room import cost, enter, serve

PASSES = 5
TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom. "
BODY = json.dumps({"text": (TEXT * 30)[:2000], "seq": 1})


async def measure(binary, count, messages):
    with serve(binary, DEFLATE="1") as (pid, port):
        kinds = [("plain", False), ("deflated", True)]
        rooms = [await enter(port, extension, name, BODY, count) for name, extension in kinds]
        costs = {room.name: [] for room in rooms}
        for _ in range(PASSES):
            for room in rooms:
                costs[room.name].append(await cost(pid, room, messages))
        for room in rooms:
            member = room.members[0]
            compressed = member.first & 0x40 != 0
            assert compressed == (room.name == "deflated"), member.first
            figures = " ".join(f"{cost:.2f}" for cost in costs[room.name])
            size = member.bytes // member.frames
            print(f"{room.name:9} us per delivery: {figures}; about {size} bytes each")
        ratios = [after / before for before, after in zip(*costs.values())]
        print(f"ratio: {statistics.median(ratios):.2f} (of each pass: {' '.join(f'{r:.2f}' for r in ratios)})")


_, binary, *numbers = sys.argv
count, messages = [int(number) for number in numbers] + [1000, 200][len(numbers):]
asyncio.run(measure(binary, count, messages))
