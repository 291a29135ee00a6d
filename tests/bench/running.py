"""What a comparison with other servers runs: builds it, starts it on free ports, and loads it."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time

from room import free_port, serve, stop

BENCH = pathlib.Path(__file__).resolve().parent
REPOSITORY = BENCH.parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()
NODE = BENCH / "peers/node"
SOCKETIOXIDE = BENCH / "peers/socketioxide"

# For how long one run may take, with opening its connections, in seconds.
LONGEST = 300


def build():
    """All programs, where they are not up to date."""
    ours = ["--features", "bench-server/redis", "--package", "bench-server", "--package", "bench-load"]
    cargo(REPOSITORY, TARGET, *ours)
    cargo(SOCKETIOXIDE, TARGET / "peers")
    locked, installed = NODE / "package-lock.json", NODE / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        subprocess.run(["npm", "ci"], cwd=NODE, check=True)
        installed.touch()


def cargo(folder, target, *packages):
    command = ["cargo", "build", "--release", "--locked", "--target-dir", target, *packages]
    subprocess.run(command, cwd=folder, check=True)


def load(words, servers, redis=None):
    """What `bench-load` says of a run against these servers, which are pairs of a process and a port."""
    addresses = ",".join(f"127.0.0.1:{port}" for _, port in servers)
    processes = ",".join(str(pid) for pid, _ in servers)
    command = [TARGET / "release/bench-load", *words.split(), "--url", addresses, "--pid", processes]
    run = subprocess.run(
        command + (["--redis", str(redis)] if redis else []), stdout=subprocess.PIPE, text=True, timeout=LONGEST
    )
    # 2: what has not arrived once and in order is in the figures.
    if run.returncode not in (0, 2):
        raise SystemExit(f"bench-load {words}: status {run.returncode}")
    return json.loads(run.stdout)


def floor(words):
    """What the kernel alone charges, under the names that a server's figures have."""
    command = [TARGET / "release/bench-floor", *words.split()]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=LONGEST)
    return {f"server_{name}": value for name, value in json.loads(run.stdout).items()}


def measure(server, words, nodes):
    """A run against one server, or so many nodes of it with a Redis of their own."""
    with contextlib.ExitStack() as running:
        redis, options = None, dict(server["options"])
        if nodes > 1:
            redis, options["REDIS"] = running.enter_context(redis_server())
        servers = [running.enter_context(serve(server["command"], **options)) for _ in range(nodes)]
        return load(words, servers, redis)


@contextlib.contextmanager
def redis_server():
    """Its process and its URL."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + 10
        while not listens(port):
            if redis.poll() is not None or time.monotonic() > give_up:
                raise SystemExit("redis-server does not start")
            time.sleep(0.05)
        yield redis.pid, f"redis://127.0.0.1:{port}"
    finally:
        stop(redis)


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
