"""What an option costs the bench server for each delivery of a broadcast: beside a server without it.

Each kind of server has passes in turn, in an order that turns round each time, so that a machine that becomes slower or
faster does no harm. What else happens on the machine only ever adds to the cost of a pass, so it is the tenth of a server's
passes that disturbed it least that are compared. `off` is a server without options, and `control` another one: what it has
beside `off` is the error of the measurement. The servers are started anew RUNS times, as each has its own luck with
where its memory lies. They have one core and the clients another: who runs where decides on more than what is measured.
"""

import contextlib
import json
import os
import statistics

from room import cost, enter, serve

RUNS = 4
CORES = sorted(os.sched_getaffinity(0))[:2]
BODY = json.dumps({"text": "x" * 100, "seq": 1})


def numbers(given):
    """How many members there are, messages in a pass, and passes of each server."""
    return [int(number) for number in given] + [1000, 10, 60][len(given) :]


async def passes(binary, kinds, size, costs, looking, finish):
    count, messages, times = size
    ours, theirs = CORES
    # A server has that of who starts it.
    os.sched_setaffinity(0, {theirs})
    with contextlib.ExitStack() as running:
        servers = {name: running.enter_context(serve(binary, **options)) for name, options in kinds.items()}
        os.sched_setaffinity(0, {ours})
        rooms = {name: await enter(port, False, "room", BODY, count) for name, (_, port) in servers.items()}
        settled = await looking({name: port for name, (_, port) in servers.items()})
        order = list(servers)
        for _ in range(times):
            for name in order:
                costs[name].append(await cost(servers[name][0], rooms[name], messages, settled.get(name)))
            order.reverse()
        return finish(servers)


def undisturbed(costs):
    """The cost that a tenth of the passes stayed below."""
    return statistics.quantiles(costs, n=10)[0]


async def nobody(_ports):
    return {}


async def compare(binary, kinds, size, looking=nobody, finish=lambda servers: None):
    """Servers of these kinds, by their variables, beside `off` and `control`. `looking` is told their ports, and tells what is
    to be waited for behind a pass, by the kind of server; what `finish` finds out in the end, of each run, is returned."""
    kinds = {"off": {}, **kinds, "control": {}}
    costs = {name: [] for name in kinds}
    ratios = {name: [] for name in kinds if name != "off"}
    found = []
    for _ in range(RUNS):
        of_run = {name: [] for name in kinds}
        found.append(await passes(binary, kinds, size, of_run, looking, finish))
        for name, of_name in of_run.items():
            costs[name] += of_name
        for name, of_name in ratios.items():
            of_name.append(undisturbed(of_run[name]) / undisturbed(of_run["off"]))
    width = max(map(len, kinds))
    for name, of_name in costs.items():
        middle = statistics.median(of_name)
        print(
            f"{name:{width}} us per delivery: {undisturbed(of_name):.3f} undisturbed, "
            f"median {middle:.3f}, {len(of_name)} passes"
        )
    for name, of_name in ratios.items():
        runs = sorted(round(ratio, 3) for ratio in of_name)
        print(f"{name:{width}} / off: {statistics.median(of_name):.3f}, runs {runs}")
    return found
