// Ports for servers that cannot choose one themselves, or come back where they were.

import { once } from "node:events";
import { createServer } from "node:net";

const HOST = "127.0.0.1";

// Systems give ports above 32767, as a rule, to whoever connects or asks for any port: none of these, then, not even while
// what listens there is started again.
const FIRST = 12_000;
const BLOCKS = 400;
const BLOCK = 50; // ports

let next = 0;
let end = 0;

/** The server that listens there; undefined if another one does. */
async function listen(port) {
  const server = createServer().listen(port, HOST);
  return once(server, "listening").then(() => server, () => undefined);
}

/** A block is of the process that listens on its first port, until it ends. */
async function claim() {
  const from = Math.floor(Math.random() * BLOCKS);
  for (let index = 0; index < BLOCKS; index++) {
    const first = FIRST + ((from + index) % BLOCKS) * BLOCK;
    const claimed = await listen(first);
    if (!claimed) continue;
    claimed.unref();
    [next, end] = [first + 1, first + BLOCK];
    return;
  }
  throw new Error(`no free port from ${FIRST} to ${FIRST + BLOCKS * BLOCK}`);
}

let turn = Promise.resolve();

/** A port that nobody listens on, and that nobody else is given while this process runs. */
export function freePort() {
  const port = turn.then(take);
  turn = port.catch(() => {});
  return port;
}

async function take() {
  for (;;) {
    if (next === end) await claim();
    const port = next++;
    const probe = await listen(port);
    if (!probe) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}
