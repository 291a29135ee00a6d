// What goes wrong during a soak, and what it explains.

import { setTimeout as sleep } from "node:timers/promises";

const AWAY = 1_000; // ms for which a killed node is gone
const AFTER = 2_000; // ms after a fault in which what it has caused may still come to light

/** Cuts all connections to Redis. The streams adapter reads on where it was, so there it explains nothing. */
async function cut({ redis, nodes, options }) {
  await redis.command("CLIENT KILL TYPE pubsub");
  await redis.command("CLIENT KILL TYPE normal SKIPME yes");
  await Promise.all(nodes.map((node) => node.joined()));
  return { what: "all connections to Redis cut", excuses: options.adapter !== "streams" };
}

/** Kills a node without warning and starts it again. It takes with it what it had not handed to Redis. */
async function kill({ nodes }, turn) {
  const node = nodes[turn % nodes.length];
  await node.stop("SIGKILL");
  await sleep(AWAY);
  await node.listen();
  await node.joined();
  return { what: `${node.name} killed and started again`, excuses: true, nodes: [node.name] };
}

/** One fault after the other until the signal comes; gives them with their times. */
export async function inflict(world, every, signal) {
  const faults = [];
  for (let turn = 0; !signal.aborted; turn++) {
    await sleep(every, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const from = Date.now();
    const fault = await (turn % 2 ? kill : cut)(world, Math.floor(turn / 2));
    faults.push({ ...fault, from, until: Date.now() + AFTER });
  }
  return faults;
}
