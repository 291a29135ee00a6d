"""Run the Autobahn cases against a WebSocket echo server that offers permessage-deflate.

    run.py ws://127.0.0.1:9001/echo [CASE ... | brief]

CASE is a case id or a glob (6.4.*); without one, all cases run; with `brief` all but most of those of
compression, which take nearly all of the time. The exit status is 0 only if every case
is OK, both in what was exchanged and in how the connection was closed, apart from the cases named below.
"""

import asyncio
import os
import sys
from collections import Counter

from kosoku import FailureError, run_fuzzingclient

# There is no section 8, and 11 was never written. 12 and 13 are permessage-deflate: five kinds of data, then
# seven ways to negotiate, each with 18 cases of a thousand messages.
ALL = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*", "12.*", "13.*"]

# How many cases these are: a run that lost some must not pass.
ALL_CASES = 517

# Of each kind of data and each way to negotiate but the first, the messages of up to 1,024 bytes: in the first there are
# all the sizes, whole and in fragments.
BRIEF = ALL[:-2] + ["12.1.*"]
BRIEF += [f"{kind}.{size}" for kind in ["12.2", "12.3", "12.4", "12.5"] for size in range(1, 5)]
BRIEF += [f"13.{way}.{size}" for way in range(1, 8) for size in range(1, 5)]

BRIEF_CASES = 363

# The suite would have invalid UTF-8 refused within a frame that has not ended. RFC 6455, section 8.1,
# leaves open when it is refused; a server that checks each frame as a whole is conformant.
MAY_BE_NON_STRICT = {"6.4.1", "6.4.2", "6.4.3", "6.4.4"}

# The suite has no opinion on these: it records what the server does and judges nothing.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}

# Two at a time: some cases wait for a second, others keep a core busy.
CONCURRENCY = 2

# A run takes about two minutes on two cores, most of them for 12 and 13.
TIMEOUT_SECONDS = 1200


async def run(url, cases):
    try:
        return await run_fuzzingclient(url, cases, concurrency=CONCURRENCY)
    except FailureError as failure:
        return failure.results


def is_accepted(result):
    behavior, close = result.behavior.value, result.behavior_close.value
    if (behavior, close) == ("OK", "OK"):
        return True
    if behavior == "NON-STRICT":
        return close == "OK" and result.case_id in MAY_BE_NON_STRICT
    if behavior == "INFORMATIONAL":
        return result.case_id in INFORMATIONAL
    return False


def explain(result):
    return (
        f"case {result.case_id}: {result.behavior.value}, closed: {result.behavior_close.value}\n"
        f"  sent:     {' '.join(result.description.split())}\n"
        f"  expected: {' '.join(result.expectation.split())}\n"
        f"  result:   {result.result}\n"
        f"  close:    {result.result_close} "
        f"(code {result.remote_close_code}, reason {result.remote_close_reason!r})"
    )


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    url, cases = sys.argv[1], sys.argv[2:]
    at_least = 1
    if not cases:
        cases, at_least = ALL, ALL_CASES
    elif cases == ["brief"]:
        cases, at_least = BRIEF, BRIEF_CASES

    results = asyncio.run(asyncio.wait_for(run(url, cases), TIMEOUT_SECONDS))

    offenders = [result for result in results if not is_accepted(result)]
    for result in offenders:
        print(explain(result))
    counts = Counter(result.behavior.value for result in results)
    print(f"{len(results)} cases: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common()))
    if offenders:
        return f"not accepted: {', '.join(result.case_id for result in offenders)}"
    if len(results) < at_least:
        return f"too few cases ran: {len(results)} of {at_least}"
    return None


if __name__ == "__main__":
    failure = main()
    if failure:
        print(failure, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    # Without Python's own shutdown, in which kosoku's native threads can abort the process after
    # the verdict has been printed.
    os._exit(1 if failure else 0)
