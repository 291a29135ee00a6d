// A soak: load and faults on three nodes for some minutes, then a verdict. See options.mjs.

import { setMaxListeners } from "node:events";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { inflict } from "./faults.mjs";
import { Judge } from "./judge.mjs";
import { Latency } from "./latency.mjs";
import { Load } from "./load.mjs";
import { parse } from "./options.mjs";
import { Node, Redis } from "./processes.mjs";
import { publish } from "./report.mjs";
import { Usage } from "./usage.mjs";
import { verdict } from "./verdict.mjs";

const NODES = ["node-1", "node-2", "node-3"];
const FAULTS = 10; // in a whole soak,
const APART = 4_000; // at least so many milliseconds one from the other
const LATE = 3_000; // ms in which everything that is under way arrives,
const LATER = 30_000; // and that a machine with other things to do may need
const GONE = 15_000; // ms after which nothing of a killed node may be left

/** Waits until `holds` is true; gives the milliseconds that it took, or undefined. */
async function eventually(holds, within) {
  const from = Date.now();
  do {
    if (await holds().catch(() => false)) return Date.now() - from;
    await sleep(200);
  } while (Date.now() - from < within);
  return undefined;
}

async function soak(options, world) {
  const { redis, nodes } = world;
  const [judge, usage] = [new Judge(), new Usage()];
  const latency = { calm: new Latency(), disturbed: new Latency() };
  const processes = [redis, ...nodes];
  await usage.look(processes);
  const load = new Load(judge, nodes, options.clients, ({ sent }) => {
    latency[world.calm ? "calm" : "disturbed"].record(performance.now() - sent);
  });
  const allThere = async () => load.connected === options.clients;
  await eventually(allThere, 60_000);

  const started = Date.now();
  const over = new AbortController();
  setMaxListeners(0, over.signal); // each client listens
  const watched = usage.run(processes, over.signal);
  const every = Math.max(options.milliseconds / (FAULTS + 1), APART);
  const inflicted = options.faults ? inflict(world, every, over.signal) : [];
  const worked = load.run(over.signal);
  await Promise.race([sleep(options.milliseconds), world.interrupted]);
  over.abort();
  const [faults] = await Promise.all([inflicted, worked, watched]);

  const back = await eventually(allThere, 30_000);
  await sleep(LATE);
  const excused = faults.filter(({ excuses }) => excuses);
  await eventually(async () => judge.missing(excused).length === 0, LATER);
  judge.settle();
  const everywhere = (expected) => async () => {
    const seen = await Promise.all(nodes.map((node) => node.online()));
    const connections = (online) => JSON.stringify(Object.entries(online).sort());
    return seen.every((online) => connections(online) === connections(expected));
  };
  const present = await eventually(everywhere(load.online), GONE);
  load.end();
  const nobody = everywhere({});
  const empty = await eventually(async () => {
    const states = await Promise.all(nodes.map((node) => node.state()));
    return states.every(({ sockets, rooms }) => !sockets && !rooms) && (await nobody());
  }, 2 * GONE);
  await usage.look(processes);
  const states = await Promise.all(nodes.map((node) => node.state()));
  const figures = Object.fromEntries(nodes.map(({ name }, index) => [name, states[index]]));
  const outcome = { options, started, counts: load.counts, judge, latency, faults, usage: usage.all, figures };
  return { ...outcome, ...verdict({ ...outcome, back, present, empty }) };
}

async function main() {
  const options = parse(process.argv.slice(2));
  if (!options) return;
  const world = { options, nodes: [], calm: true };
  world.interrupted = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, resolve);
  });
  try {
    world.redis = await Redis.start({ persistent: options.adapter === "streams" });
    for (const name of NODES) world.nodes.push(await Node.create(name, world.redis, options));
    await Promise.all(world.nodes.map((node) => node.joined()));
    const outcome = await soak(options, world);
    await publish(outcome);
    process.exitCode = outcome.passed ? 0 : 1;
  } finally {
    await Promise.all(world.nodes.map((node) => node.stop("SIGTERM")));
    await world.redis?.end();
  }
}

await main();
process.exit(); // timers of the clients' last attempts need not be waited for
