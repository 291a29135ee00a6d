// What goes wrong during a soak, and what it explains.

import { setTimeout as sleep } from "node:timers/promises";

const AWAY = 1_000; // ms for which what was killed is gone
const STALL = 7_000; // ms for which Redis stands still: longer than nodes wait for an answer
const AFTER = 2_000; // ms after a fault in which what it has caused may still come to light

const joined = (nodes) => Promise.all(nodes.map((node) => node.joined()));

/** Cuts all connections to Redis. */
async function cut({ redis, nodes }) {
  await redis.command("CLIENT KILL TYPE pubsub");
  await redis.command("CLIENT KILL TYPE normal SKIPME yes");
  await joined(nodes);
  return { what: "all connections to Redis cut" };
}

/** Kills a node without warning and has another one take its place. */
async function kill({ nodes }, round) {
  const node = nodes[round % nodes.length];
  await node.stop("SIGKILL");
  await sleep(AWAY);
  await node.listen();
  await node.joined();
  return { what: `${node.name} killed and replaced`, nodes: [node.name] };
}

async function stall({ redis, nodes }) {
  redis.signal("SIGSTOP");
  await sleep(STALL);
  redis.signal("SIGCONT");
  await joined(nodes);
  return { what: "Redis stood still" };
}

/** It comes back empty, unless the adapter keeps messages in it. */
async function restart({ redis, nodes }) {
  await redis.stop("SIGKILL");
  await sleep(AWAY);
  await redis.listen();
  await joined(nodes);
  return { what: "Redis killed and started again" };
}

const FAULTS = [cut, kill, stall, restart];

/** A node takes with it what it had not handed to Redis; all else is in the stream, if there is one. */
const excuses = (fault, { adapter }) => fault === kill || adapter !== "streams";

/** One fault after the other until the signal comes; gives them with their times. */
export async function inflict(world, every, signal) {
  const faults = [];
  for (let turn = 0; !signal.aborted; turn++) {
    await sleep(every, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const from = Date.now();
    world.calm = false;
    const act = FAULTS[turn % FAULTS.length];
    const fault = await act(world, Math.floor(turn / FAULTS.length));
    await sleep(AFTER);
    world.calm = true;
    faults.push({ ...fault, excuses: excuses(act, world.options), from, until: Date.now() });
  }
  return faults;
}
