#!/usr/bin/env python3
"""What it costs to have an admin page: the server's CPU time for each delivery of a broadcast to 1,000,
beside that of a server without one; how it is compared is in compare.py.

    cargo build --release -p bench-server --features admin
    tests/bench/admin.py target/release/bench-server [MEMBERS [MESSAGES [PASSES]]]

| server | it has a page, and |
| --- | --- |
| `unseen` | nobody looks |
| `production` | someone looks, at figures only |
| `watched` | someone looks, at every event: of each broadcast 256 receivers are shown |

What a page is told may come behind the last delivery of a pass: it is waited for, and counts.
"""

import asyncio
import sys

from compare import compare, numbers
from room import join

KINDS = {
    "unseen": {"ADMIN": "development"},
    "production": {"ADMIN": "production"},
    "watched": {"ADMIN": "development"},
}

# Without anything new for a page, for so many seconds, it has been told all but the next figures.
QUIET = 0.05


async def look(port):
    """A page, and how to wait until it has been told all."""
    page = await join(port, False, None, "/admin,")

    async def settled():
        before = None
        while before != page.frames:
            before = page.frames
            await asyncio.sleep(QUIET)

    return page, settled


async def measure(binary, size):
    pages = {}

    async def looking(ports):
        for name in ["production", "watched"]:
            page, settled = await look(ports[name])
            await settled()
            pages[name] = (page, page.frames, settled)
        return {name: settled for name, (_, _, settled) in pages.items()}

    def told(_servers):
        return {name: page.frames - before for name, (page, before, _) in pages.items()}

    for run in await compare(binary, KINDS, size, looking, told):
        assert run["watched"] > run["production"], run
        print(f"messages to the pages: {run}")


_, binary, *given = sys.argv
asyncio.run(measure(binary, numbers(given)))
