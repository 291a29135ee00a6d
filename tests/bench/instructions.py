#!/usr/bin/env python3
"""The instructions of the server for each delivery of a broadcast to 1,000, without an exporter of metrics and with one: by
callgrind, which counts what the clock cannot tell apart. It needs valgrind. What else a pass holds, such as pings, only adds to
it, and is more where the machine is busy: the least is what a delivery takes.

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

from room import enter, free_port, serve

BODY = json.dumps({"text": "x" * 100, "seq": 1})


def control(command, pid):
    subprocess.run(["callgrind_control", command, str(pid)], check=True, capture_output=True)


def counted(folder):
    """What the newest dump has: one number, in the line of its summary."""
    newest = max(folder.glob("counts.*"), key=lambda file: int(file.suffix[1:]))
    return int(re.search(r"^(?:summary|totals): (\d+)", newest.read_text(), re.MULTILINE)[1])


async def instructions(binary, members, messages, passes, **options):
    with tempfile.TemporaryDirectory() as folder:
        counts = pathlib.Path(folder, "counts")
        valgrind = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={counts}"]
        with serve([*valgrind, binary], **options) as (pid, port):
            room = await enter(port, False, "room", BODY, members)
            control("--zero", pid)
            of_passes = []
            for _ in range(passes):
                for _ in range(messages):
                    await room.round()
                control("--dump", pid)
                of_passes.append(round(counted(counts.parent) / messages / members))
            return of_passes


async def measure(binary, members=1000, messages=10, passes=9):
    for name, options in {"without an exporter": {}, "with one": {"METRICS": str(free_port())}}.items():
        found = await instructions(binary, members, messages, passes, **options)
        print(f"{name}: {min(found)} instructions per delivery, up to {max(found)} with all else")


_, binary, *given = sys.argv
asyncio.run(measure(binary, *map(int, given)))
