#!/usr/bin/env python3
"""The instructions of the server for each delivery of a broadcast to 1,000 and for each echo with an ack, without an exporter of
metrics and with one: by callgrind, which counts what the clock cannot tell apart. It needs valgrind. What else a pass holds, such
as pings, only adds to it, and is more where the machine is busy: the least is what a delivery or an echo takes.

    cargo build --release -p bench-server
    tests/bench/instructions.py target/release/bench-server [MEMBERS [MESSAGES [PASSES]]]
"""

import asyncio
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from room import enter, frame, free_port, join, serve

BODY = json.dumps({"text": "x" * 100, "seq": 1})

# Connections that echo, each of them once in a round.
ECHOING = 100


def control(command, pid):
    subprocess.run(["callgrind_control", command, str(pid)], check=True, capture_output=True)


def counted(folder):
    """What the newest dump has: one number, in the line of its summary."""
    newest = max(folder.glob("counts.*"), key=lambda file: int(file.suffix[1:]))
    return int(re.search(r"^(?:summary|totals): (\d+)", newest.read_text(), re.MULTILINE)[1])


async def echoes(clients):
    """One echo of each, all at once."""
    loop = asyncio.get_running_loop()
    answers = [loop.create_future() for _ in clients]
    for client, answer in zip(clients, answers):
        client.when(client.frames + 1, lambda answer=answer: answer.set_result(None))
    for number, client in enumerate(clients):
        client.transport.write(frame(f'42{100 + number}["echo",{BODY}]'))
    await asyncio.wait_for(asyncio.gather(*answers), 30)


async def passes(pid, counts, count, operations, work):
    """The instructions of each operation, in each pass of that work."""
    await work()
    control("--zero", pid)
    found = []
    for _ in range(count):
        await work()
        control("--dump", pid)
        found.append(round(counted(counts.parent) / operations))
    return found


async def instructions(binary, members, messages, count, **options):
    with tempfile.TemporaryDirectory() as folder:
        counts = pathlib.Path(folder, "counts")
        valgrind = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={counts}"]
        with serve([*valgrind, binary], **options) as (pid, port):
            room = await enter(port, False, "room", BODY, members)
            clients = [await join(port, False, None) for _ in range(ECHOING)]

            async def deliver():
                for _ in range(messages):
                    await room.round()

            async def echo():
                for _ in range(messages):
                    await echoes(clients)

            yield "delivery", await passes(pid, counts, count, messages * members, deliver)
            yield "echo", await passes(pid, counts, count, messages * ECHOING, echo)


async def measure(binary, members=1000, messages=10, count=9):
    for name, options in {"without an exporter": {}, "with one": {"METRICS": str(free_port())}}.items():
        async for operation, found in instructions(binary, members, messages, count, **options):
            print(f"{name}: {min(found)} instructions per {operation}, up to {max(found)} with all else")


_, binary, *given = sys.argv
asyncio.run(measure(binary, *map(int, given)))
