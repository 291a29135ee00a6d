#!/usr/bin/env python3
"""roomcast beside other servers: the tables of PERFORMANCE.md, measured and printed. On Linux, with cargo, npm, Node.js and
redis-server; what is not built yet is built first.

    tests/bench/peers.py one [PASSES]
    tests/bench/peers.py two [PASSES]

`one` is a node with one worker beside the floor and other servers, `two` are two nodes with Redis. At each point the servers are
measured one after the other, each freshly started, and that in several passes, as the machine's speed drifts. A ratio is the
median of those of the passes, with the least and the greatest: figures of different passes are never compared. All figures of
each run are in `target/bench`. It fails if roomcast lost a message, or delivered one twice or out of order.
"""

import json
import statistics
import sys

from running import NODE, TARGET, build, floor, measure

RESULTS = TARGET / "bench"


def server(*command, **options):
    return {"command": [str(word) for word in command], "options": options}


# What the names of our own servers begin with.
OURS = "roomcast"
ROOMCAST = TARGET / "release/bench-server"
SOCKETIOXIDE = server(TARGET / "peers/release/bench-peer-socketioxide", WORKERS="1")
NODE_SERVER = ["node", NODE / "server.mjs"]

# What is measured: the servers with those that ratios refer to, and the points with what the load is told and which floor
# each has.
TABLES = {
    "one": {
        "nodes": 1,
        "servers": {
            "roomcast": server(ROOMCAST),
            "socketioxide": SOCKETIOXIDE,
            "node": server(*NODE_SERVER, NODE_ENV="production"),
        },
        "beside": ["socketioxide", "node"],
        "points": {
            "bcast1k": ("broadcast --connections 1000 --seconds 2.5 --warm-up 1.5", "fanout 1000 128 500"),
            "bcast1k-w8": (
                "broadcast --connections 1000 --window 8 --seconds 2.5 --warm-up 1.5",
                "fanout 1000 128 500 batch=8",
            ),
            "rooms": (
                "rooms --connections 2000 --group 10 --rate 0.5 --seconds 3 --warm-up 1.5",
                "fanout 10 128 2000 rate=1000",
            ),
            "ack1": ("ack --connections 100 --seconds 2.5 --warm-up 1", "echo 100 128 2"),
            "ack16": ("ack --connections 100 --outstanding 16 --seconds 2.5 --warm-up 1", None),
            "idle5k": ("idle --connections 5000 --settle 1.5 --seconds 3", None),
        },
    },
    "two": {
        "nodes": 2,
        "servers": {
            "roomcast": server(ROOMCAST),
            "roomcast-streams": server(ROOMCAST, ADAPTER="streams"),
            "socketioxide": SOCKETIOXIDE,
            "node": server(*NODE_SERVER, NODE_ENV="production"),
            "node-streams": server(*NODE_SERVER, NODE_ENV="production", ADAPTER="streams"),
        },
        "beside": ["socketioxide", "node", "node-streams"],
        "points": {
            "cluster": ("broadcast --connections 1000 --settle 1.5 --seconds 2.5 --warm-up 1.5", None),
            "cluster-r10": ("broadcast --connections 1000 --rate 10 --settle 1.5 --seconds 3 --warm-up 1.5", None),
        },
    },
}

# What a run says of a point, and how it is called here.
FIGURES = {
    "server_cpu_us_per_delivery": "µs per delivery",
    "server_cpu_us_per_round_trip": "µs per round trip",
    "server_cpu_us_per_handshake": "µs per handshake",
    "pss_bytes_per_conn": "bytes per connection",
    "local_p50_us": "p50 of the publisher's node, µs",
    "remote_p50_us": "p50 of the other node, µs",
    "remote_beside_local": "p50 of the other node / publisher's",
}
FAULTS = ["lost", "gaps", "reordered", "duplicates", "misrouted", "damaged", "unstamped", "closed"]


def run_passes(table, count, kept):
    """A list of passes for each point: what each server's figures were in it."""
    passes = {point: [] for point in table["points"]}
    for number in range(1, count + 1):
        for point, (words, below) in table["points"].items():
            print(f"pass {number} of {count}: {point}", file=sys.stderr)
            figures = {name: measure(server, words, table["nodes"]) for name, server in table["servers"].items()}
            if below:
                figures["floor"] = floor(below)
            for name, of_server in figures.items():
                if "remote_p50_us" in of_server:
                    of_server["remote_beside_local"] = of_server["remote_p50_us"] / of_server["local_p50_us"]
                line = {"pass": number, "point": point, "server": name, **of_server}
                print(json.dumps(line), file=kept, flush=True)
            passes[point].append(figures)
    return passes


def shown(values):
    middle = statistics.median(values)
    digits = 0 if middle >= 100 else 2
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def ratios(table, of_point, server, figure):
    """What ours costs beside others, by the ratios of each pass."""
    if not server.startswith(OURS):
        return
    for other in [*table["beside"], "floor"]:
        pairs = [(figures[server][figure], figures.get(other, {}).get(figure)) for figures in of_point]
        if all(beside for _, beside in pairs):
            yield f"; × {shown([value / beside for value, beside in pairs])} {other}"


def report(table, passes):
    """Prints it, and tells which servers did not deliver everything once and in order."""
    wrong = set()
    for point, of_point in passes.items():
        print(f"\n{point}")
        for figure, name in FIGURES.items():
            for server in of_point[0]:
                values = [figures[server][figure] for figures in of_point if figure in figures[server]]
                if not values:
                    continue
                print(f"  {server:24}{name:37}{shown(values)}{''.join(ratios(table, of_point, server, figure))}")
        for server in table["servers"]:
            faults = {fault: sum(figures[server].get(fault, 0) for figures in of_point) for fault in FAULTS}
            if any(faults.values()):
                wrong.add(server)
                print(f"  {server:24}{', '.join(f'{name} {number:,}' for name, number in faults.items() if number)}")
    return wrong


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in TABLES:
        sys.exit(__doc__.strip())
    name, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    build()
    RESULTS.mkdir(parents=True, exist_ok=True)
    with open(RESULTS / f"{name}.jsonl", "w") as kept:
        wrong = report(TABLES[name], run_passes(TABLES[name], count, kept))
    faulty = [server for server in wrong if server.startswith(OURS)]
    if faulty:
        sys.exit(f"not everything arrived once and in order: {', '.join(sorted(faulty))}")


if __name__ == "__main__":
    main()
