#!/usr/bin/env python3
"""roomcast beside other servers: the tables of PERFORMANCE.md, measured and printed.

    cargo build --release -p bench-server --features redis
    tests/bench/peers.py one KIT [PASSES]
    tests/bench/peers.py two KIT [PASSES]

KIT is the folder of the benchmark kit, whose load generator and other servers `CARGO_TARGET_DIR=KIT/target KIT/run.py` builds. `one` is a node with one worker beside the floor, `two` are two nodes with Redis. At each point the
servers are measured one after the other, each freshly started, and that in several passes, as the machine's speed drifts. A
ratio is the median of those of the passes, with the least and the greatest: figures of different passes are never compared.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SERVER = REPOSITORY / "target/release/bench-server"
RESULTS = REPOSITORY / "target/bench"

# What is measured: the servers with the one that ratios refer to, the points, and which floor each has.
TABLES = {
    "one": {
        "servers": {"roomcast": f"--extra=roomcast=sio:{SERVER}", "socketioxide-1": None, "socketio-node": None},
        "beside": "socketioxide-1",
        "points": {
            "bcast1k": "fanout 1000 128 500 write",
            "bcast1k-w8": "fanout 1000 128 500 batch8",
            "rooms": "fanout 10 128 2000 paced1000",
            "ack1": "echo 100 128 2",
            "ack16": None,
            "idle5k": None,
        },
    },
    "two": {
        "servers": {
            "roomcast": f"--cluster-extra=roomcast=sio:{SERVER}",
            "roomcast-streams": f"--cluster-extra=roomcast-streams=sio:env ADAPTER=streams {SERVER}",
            "socketioxide-redis": None,
            "socketio-node-redis": None,
            "socketio-node-streams": None,
        },
        "beside": "socketioxide-redis",
        "points": {"cluster": None, "cluster-r10": None},
    },
}

# What a run of the kit says of a point, and how it is called here.
FIGURES = {
    "server_cpu_us_per_delivery": "µs per delivery",
    "server_cpu_us_per_round_trip": "µs per round trip",
    "server_cpu_us_per_handshake": "µs per handshake",
    "pss_bytes_per_conn": "bytes per connection",
    "local_p50_us": "p50 of the publisher's node, µs",
    "remote_p50_us": "p50 of the other node, µs",
}
FAULTS = ["lost", "gaps", "reordered", "duplicates", "misrouted", "damaged", "closed"]


def floor(kit, arguments):
    """What the kernel alone costs, under the names that a server's figures have."""
    program = [kit / "target/release/floor", *arguments.split()]
    printed = subprocess.run(program, capture_output=True, text=True, check=True, cwd=kit).stdout
    return {f"server_{name}": value for name, value in json.loads(printed.splitlines()[-1]).items()}


def measure(kit, server, option, point):
    """What the kit says of one run."""
    kept = RESULTS / "results.jsonl"
    kept.unlink(missing_ok=True)
    environment = dict(os.environ, CARGO_TARGET_DIR=str(kit / "target"))
    run = [kit / "run.py", "--no-build", "--reps", "1", "--out", RESULTS, "--peers", server, "--points", point]
    subprocess.run(run + ([option] if option else []), check=True, stdout=subprocess.DEVNULL, env=environment)
    [line] = kept.read_text().splitlines()
    figures = json.loads(line)
    if "error" in figures:
        sys.exit(f"{server}, {point}: {figures['error']}")
    return figures


def run_passes(kit, table, count):
    """A list of passes for each point: what each server's figures were in it."""
    passes = {point: [] for point in table["points"]}
    for _ in range(count):
        for point, how in table["points"].items():
            figures = {name: measure(kit, name, option, point) for name, option in table["servers"].items()}
            if how:
                figures["floor"] = floor(kit, how)
            passes[point].append(figures)
    return passes


def shown(values):
    middle = statistics.median(values)
    digits = 0 if middle >= 100 else 2
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def ratios(table, of_point, server, figure):
    """What a server costs beside others, by the ratios of each pass."""
    for other in [table["beside"], "floor"]:
        pairs = [(figures[server][figure], figures.get(other, {}).get(figure)) for figures in of_point]
        if server != other and all(beside for _, beside in pairs):
            yield f"; × {shown([value / beside for value, beside in pairs])} {other}"


def report(table, passes):
    for point, of_point in passes.items():
        print(f"\n{point}")
        for figure, name in FIGURES.items():
            for server in of_point[0]:
                values = [figures[server][figure] for figures in of_point if figure in figures[server]]
                if not values:
                    continue
                print(f"  {server:24}{name:34}{shown(values)}{''.join(ratios(table, of_point, server, figure))}")
        for server in table["servers"]:
            faults = {fault: sum(figures[server].get(fault, 0) for figures in of_point) for fault in FAULTS}
            if any(faults.values()):
                print(f"  {server:24}{', '.join(f'{name} {number:,}' for name, number in faults.items() if number)}")


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in TABLES:
        sys.exit(__doc__.strip())
    table, kit = TABLES[sys.argv[1]], pathlib.Path(sys.argv[2]).resolve()
    RESULTS.mkdir(parents=True, exist_ok=True)
    report(table, run_passes(kit, table, int(sys.argv[3]) if len(sys.argv) > 3 else 3))


if __name__ == "__main__":
    main()
