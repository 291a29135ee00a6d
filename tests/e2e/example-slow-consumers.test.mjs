// The example slow-consumers: what each policy does on a line that carries less than is sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { client, connected, startExample, useBrowser } from "./example.mjs";
import { next, within } from "./server.mjs";

const open = useBrowser();

/** Resolves when `holds` does, after one of these events. */
const until = (socket, event, holds, what) =>
  within(
    new Promise((resolve) => socket.on(event, (...args) => holds(...args) && resolve())),
    what,
  );

/** Resolves when a number is missing in what comes. */
function gap(socket) {
  let last;
  const isBehindOne = ({ n }) => last + 1 < (last = n);
  return until(socket, "tick", isBehindOne, "gap");
}

/** The numbers that come from now on, up to this one. */
function arrived(socket, last) {
  const numbers = [];
  return until(socket, "tick", ({ n }) => numbers.push(n) && n >= last, "end of what waits").then(() => numbers);
}

const gaps = (numbers) => numbers.filter((n, at) => at > 0 && n !== numbers[at - 1] + 1).length;

test("each policy does what its name says, and the server counts it", async (t) => {
  const server = await startExample(t, "slow-consumers");
  const port = await (await fetch(`${server.url}/line`)).text();
  assert.equal((await fetch(`${server.url}/line/narrow/15000`, { method: "PUT" })).status, 204);
  const counts = client(t, server, { auth: {} });
  const lane = (policy) => {
    const socket = io(`http://127.0.0.1:${port}`, {
      transports: ["websocket"],
      forceNew: true,
      reconnection: false,
      auth: { policy },
    });
    t.after(() => socket.disconnect());
    return socket;
  };
  const [close, newest, oldest, latest, volatile] = ["close", "drop_newest", "drop_oldest", "latest", "volatile"].map(lane);
  const cut = next(close, "disconnect");
  const [ages, last] = [new Map(), new Map()];
  const dropped = [newest, oldest, latest, volatile];
  for (const socket of dropped) {
    socket.on("tick", ({ n, at }) => {
      ages.set(socket, Date.now() - at);
      last.set(socket, n);
    });
  }
  const counted = until(
    counts,
    "counts",
    (told) => Object.values(told).every((count) => count > 0),
    "count of every policy",
  );
  await Promise.all([cut, counted, ...dropped.map(gap)]);
  let run = 0;
  const isFresher = () => (run = ages.get(latest) < ages.get(newest) ? run + 1 : 0) === 10;
  await until(newest, "tick", isFresher, "ten fresher ticks, one after the other, for who keeps only the last than for who keeps what waits");

  // Of what waits now, who drops the oldest has all up to the last, and who drops the newest what there was room for now and then.
  const now = [oldest, newest].map((socket) => arrived(socket, last.get(latest)));
  assert.equal((await fetch(`${server.url}/line/narrow/10000000`, { method: "PUT" })).status, 204);
  const [ofOldest, ofNewest] = (await Promise.all(now)).map(gaps);
  assert.ok(ofOldest < ofNewest, `${ofOldest} and ${ofNewest} gaps`);
});

test("in the browser: a lane for each policy, and on narrow lines something is missing", async (t) => {
  const server = await startExample(t, "slow-consumers");
  const page = await open(t, server.url);
  await connected(page);
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".lane dd:first-of-type")].every((cell) => Number(cell.textContent) > 20),
  );
  /** What a lane says under a name, if that is more than so many. */
  const more = (policy, name, than) =>
    page.waitForFunction(
      ([policy, name, than]) => {
        const terms = [...document.querySelectorAll(`[data-policy="${policy}"] dt`)];
        const told = terms.find((term) => term.textContent === name).nextElementSibling.textContent;
        return Number(told.replaceAll(",", "")) > than;
      },
      [policy, name, than],
    );
  await page.getByLabel("Each line carries").selectOption("20 KB/s");
  // Some 30 a second, which a machine that is busy with something else does not lose.
  for (const policy of ["drop_newest", "drop_oldest", "latest", "volatile"]) await more(policy, "never came", 60);
  await more("close", "connections cut", 0);
});
