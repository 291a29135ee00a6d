#!/usr/bin/env python3
"""What it costs to have an exporter of metrics installed: the server's CPU time for each delivery of a
broadcast to 1,000, beside that of a server without one; how it is compared is in compare.py.

    cargo build --release -p bench-server
    tests/bench/metrics.py target/release/bench-server [MEMBERS [MESSAGES [PASSES]]]
"""

import asyncio
import statistics
import sys
import urllib.request

from compare import compare, numbers
from room import cpu_seconds, free_port

SCRAPES = 20


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
        return response.read().decode()


async def measure(binary, size):
    exporter = free_port()

    def milliseconds(servers):
        pid, _ = servers["on"]
        before = cpu_seconds(pid)
        for _ in range(SCRAPES):
            figures = scrape(exporter)
        assert "roomcast_deliveries_total" in figures, figures
        return 1e3 * (cpu_seconds(pid) - before) / SCRAPES

    kinds = {"on": {"METRICS": str(exporter)}}
    scrapes = await compare(binary, kinds, size, finish=milliseconds)
    print(f"a scrape: {statistics.median(scrapes):.2f} ms")


_, binary, *given = sys.argv
asyncio.run(measure(binary, numbers(given)))
