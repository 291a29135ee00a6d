// What goes wrong between two nodes and Redis, while one emits without pause: everyone on that node
// gets it all, and on the other one nothing is lost that the adapter promises to keep.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "./harness.mjs";
import { ADAPTERS, SOME, arriveAgain, explain, isConnected, isLossless, lossesWithin, stats, stop, twoUnderLoad } from "./load.mjs";

const proxies = (cluster, act) => cluster.nodes.forEach(({ proxy }) => act(proxy));

/** `noticed`: no node can overlook it. */
const FAULTS = {
  "redis-server is killed and started again": {
    begin: ({ redis }) => redis.kill(),
    end: ({ redis }) => redis.restart(),
    noticed: true,
  },
  "redis-server is paused for 10 s": {
    begin: ({ redis }) => redis.signal("SIGSTOP"),
    during: () => pause(10_000),
    end: ({ redis }) => redis.signal("SIGCONT"),
  },
  "redis-server has no memory for what is written": {
    begin: ({ redis }) => redis.command("CONFIG", "SET", "maxmemory", "1"),
    during: () => pause(4_000),
    end: ({ redis }) => redis.command("CONFIG", "SET", "maxmemory", "0"),
    lossless: true,
  },
  "Redis closes all connections": {
    begin: async ({ redis }) => {
      for (const type of ["normal", "pubsub"]) await redis.command("CLIENT", "KILL", "TYPE", type);
    },
    noticed: true,
  },
  "the network is cut": {
    begin: (cluster) => proxies(cluster, (proxy) => proxy.cut()),
    end: (cluster) => proxies(cluster, (proxy) => proxy.heal()),
    noticed: true,
  },
  "the network drops bytes": {
    begin: (cluster) => proxies(cluster, (proxy) => proxy.drop()),
    end: (cluster) => proxies(cluster, (proxy) => proxy.heal()),
    noticed: true,
  },
  "the network is slow": {
    begin: (cluster) => proxies(cluster, (proxy) => proxy.delay(300)),
    end: (cluster) => proxies(cluster, (proxy) => proxy.heal()),
    lossless: true,
  },
};

const disconnects = async (nodes) => (await Promise.all(nodes.map(stats))).map((node) => node.cluster_disconnects);

async function survives(t, options, fault) {
  const load = await twoUnderLoad(t, { ...options, redis: { persistent: isLossless(options) } });
  const { cluster, here, there, atNear, atFar } = load;

  const lastBefore = atFar.at(-1);
  await fault.begin(cluster);
  const during = atNear.length;
  await until("local delivery goes on", () => atNear.length >= during + SOME);
  await fault.during?.();
  if (fault.noticed) {
    await until("both notice it", async () => (await disconnects(cluster.nodes)).every((count) => count > 0));
  }
  await fault.end?.(cluster);
  for (const node of cluster.nodes) await until(`${node.name} is connected again`, () => isConnected(node));
  const firstAfter = await arriveAgain(load);

  const all = await stop(here, atNear, atFar);
  assert.deepEqual(atNear, all);
  if (isLossless(options) || fault.lossless) return assert.deepEqual(atFar, all);
  const lost = lossesWithin(atFar, all, lastBefore, firstAfter);
  const { missing, dropped, inFlight } = await explain(here, there);
  assert.equal(missing, lost);
  assert.deepEqual(dropped, {}, "all that waited is delivered");
  const [, unsubscribed] = await disconnects(cluster.nodes);
  assert.ok(lost <= inFlight || unsubscribed > 0, `${lost} lost, ${inFlight} in flight, and no metric tells`);
}

describe("faults", { concurrency: 6 }, () => {
  for (const [adapter, options] of Object.entries(ADAPTERS)) {
    for (const [name, fault] of Object.entries(FAULTS)) test(`${adapter}: ${name}`, (t) => survives(t, options, fault));
  }
});
