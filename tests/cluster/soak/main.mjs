// A soak: load and faults on three nodes for some minutes, then a verdict. See options.mjs.

import { setMaxListeners } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inflict } from "./faults.mjs";
import { Judge } from "./judge.mjs";
import { Load } from "./load.mjs";
import { parse } from "./options.mjs";
import { Node, Redis } from "./processes.mjs";
import { passed, report } from "./report.mjs";
import { Usage } from "./usage.mjs";

const NODES = ["node-1", "node-2", "node-3"];
const FAULTS = 10; // in a whole soak,
const APART = 4_000; // at least so many milliseconds one from the other
const LATE = 3_000; // ms in which everything that is under way arrives
const GONE = 15_000; // ms after which nothing of a killed node may be left
const GROWTH = 30; // descriptors more than at first that are no leak,
const SWELLING = 64 * 1024 * 1024; // and bytes

const { REPORT } = process.env;

/** Waits until `holds` is true; gives the milliseconds that it took, or undefined. */
async function eventually(holds, within) {
  const from = Date.now();
  do {
    if (await holds()) return Date.now() - from;
    await sleep(200);
  } while (Date.now() - from < within);
  return undefined;
}

async function soak(options, world) {
  const { redis, nodes } = world;
  const [judge, usage] = [new Judge(), new Usage()];
  const processes = [redis, ...nodes];
  await usage.look(processes);
  const load = new Load(judge, nodes, options.clients);
  await eventually(() => load.connected === options.clients, 60_000);

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

  const back = await eventually(() => load.connected === options.clients, 30_000);
  await sleep(LATE);
  judge.settle();
  const unexplained = judge.unexplained(faults.filter(({ excuses }) => excuses));
  const users = JSON.stringify(load.users);
  const agree = async () => {
    const states = await Promise.all(nodes.map((node) => node.state()));
    return states.every(({ online }) => JSON.stringify(online) === users);
  };
  const present = await eventually(agree, GONE);
  load.end();
  const gone = async () => {
    const states = await Promise.all(nodes.map((node) => node.state()));
    return states.every(({ online, sockets, rooms }) => !online.length && !sockets && !rooms);
  };
  const empty = await eventually(gone, 2 * GONE);
  await usage.look(processes);
  const leaking = usage.all.filter(({ first, last }) => last.descriptors > first.descriptors + GROWTH);
  const swollen = usage.all.filter(({ first, last }) => last.memory > first.memory + SWELLING);
  const lost = unexplained.reduce((sum, gap) => sum + gap.lost, 0);
  const checks = [
    ["clients talked", judge.received > options.clients, judge.received],
    ["no event came twice", judge.repeated === 0, judge.repeated],
    ["none came out of order", judge.disordered === 0, judge.disordered],
    ["none was lost that no fault explains", lost === 0, lost],
    ["every client came back", back !== undefined],
    ["presence is right on every node", present !== undefined, present === undefined ? "" : `after ${present} ms`],
    ["nothing is left when all have gone", empty !== undefined],
    ["memory does not grow", swollen.length === 0, swollen.map(({ name }) => name).join(", ")],
    ["no descriptors leak", leaking.length === 0, leaking.map(({ name }) => name).join(", ")],
  ];
  return { options, started, counts: load.counts, judge, faults, usage: usage.all, checks };
}

async function main() {
  const options = parse(process.argv.slice(2));
  if (!options) return;
  const world = { options, nodes: [] };
  world.interrupted = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, resolve);
  });
  try {
    world.redis = await Redis.start();
    for (const name of NODES) world.nodes.push(await Node.create(name, world.redis, options));
    await Promise.all(world.nodes.map((node) => node.joined()));
    const outcome = await soak(options, world);
    const text = report(outcome);
    console.log(text);
    if (REPORT) {
      await mkdir(dirname(REPORT), { recursive: true });
      await writeFile(REPORT, text);
    }
    process.exitCode = passed(outcome) ? 0 : 1;
  } finally {
    await Promise.all(world.nodes.map((node) => node.stop("SIGTERM")));
    await world.redis?.stop("SIGTERM");
  }
}

await main();
process.exit(); // timers of the clients' last attempts need not be waited for
