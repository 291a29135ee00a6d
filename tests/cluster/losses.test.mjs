// With Pub/Sub events may be lost; then the figures say on which side and how many, and what waited
// for Redis is delivered when it is back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "./harness.mjs";
import { SOME, arriveAgain, explain, isConnected, lossesWithin, stats, stop, twoUnderLoad } from "./load.mjs";

const ADAPTERS = ["classic", "sharded-dynamic"];

/** Whether the outage has lasted long enough for what waits. */
const isOver = async (here, from) => (await here.ask("load")) >= from + 2 * SOME;

/** One of two nodes is cut off from Redis while one emits; what that meant for the other one's client. */
async function cutOff(t, adapter, victim, { over = isOver, ...env } = {}) {
  const load = await twoUnderLoad(t, { adapter, ...env });
  const { cluster, here, there, atNear, atFar } = load;
  const cut = cluster.nodes[victim];
  const lastBefore = atFar.at(-1);
  cut.proxy.cut();
  await until("it is noticed", async () => !(await isConnected(cut)));
  const from = await here.ask("load");
  await until("the outage is long enough", () => over(here, from));
  await until("local delivery goes on", () => atNear.at(-1) >= from + 2 * SOME);
  cut.proxy.heal();
  await until("it is connected again", () => isConnected(cut));
  const to = await here.ask("load");
  const firstAfter = await arriveAgain(load);

  const all = await stop(here, atNear, atFar);
  assert.deepEqual(atNear, all);
  const outage = all.slice(from, to);
  const received = new Set(atFar);
  return {
    lost: lossesWithin(atFar, all, lastBefore, firstAfter),
    lacking: all.filter((number) => !received.has(number)),
    lastBefore,
    back: to,
    /** What was emitted from when the node knew that it was cut off until it was back, and what arrived of that. */
    outage,
    arrived: outage.filter((number) => received.has(number)),
    told: await explain(here, there),
    disconnects: (await Promise.all(cluster.nodes.map(stats))).map((node) => node.cluster_disconnects),
  };
}

/** The outbox is full before an outage is over; then it is either the first or the last that get through. */
const SMALL = "65536"; // bytes: some seconds of it, so that it is not full while Redis is only slow

const POLICIES = {
  "drop-newest": { reason: "outbox_full_newest", oldest: true },
  "drop-oldest": { reason: "outbox_full_oldest", oldest: false },
  refuse: { reason: "outbox_refused", oldest: true },
};

/** Whether numbers follow each other without a gap. */
const inOneRun = (numbers) => numbers.at(-1) - numbers[0] === numbers.length - 1;

describe("losses", { concurrency: 4 }, () => {
  for (const adapter of ADAPTERS) {
    test(`${adapter}: what waited for Redis arrives, and what was under way is counted`, async (t) => {
      const { lost, arrived, outage, told, disconnects } = await cutOff(t, adapter, 0);
      assert.deepEqual(arrived, outage);
      assert.deepEqual(told.dropped, {});
      assert.equal(told.missing, lost);
      assert.ok(lost <= told.inFlight, `${lost} lost, ${told.inFlight} in flight`);
      assert.deepEqual(disconnects, [1, 0]);
    });

    test(`${adapter}: who did not listen is told by the figures of both`, async (t) => {
      const { lost, told, disconnects } = await cutOff(t, adapter, 1);
      assert.ok(lost >= 2 * SOME, "nobody keeps it for the node");
      assert.deepEqual([told.dropped, told.inFlight], [{}, 0], "Redis has got them all");
      assert.equal(told.missing, lost);
      assert.deepEqual(disconnects, [0, 1]);
    });

    for (const [policy, { reason, oldest }] of Object.entries(POLICIES)) {
      test(`${adapter}: a full outbox, ${policy}`, async (t) => {
        const over = async (here) => (await stats(here)).cluster_dropped[reason] >= SOME;
        const options = { OUTBOX: SMALL, OUTBOX_POLICY: policy, over };
        const { lost, lacking, lastBefore, back, told } = await cutOff(t, adapter, 0, options);
        const { [reason]: dropped, ...others } = told.dropped;
        assert.deepEqual(others, {});
        // What was under way was emitted before all that waited.
        const underWay = lacking.splice(0, lost - dropped);
        assert.ok(inOneRun(lacking));
        const kept = oldest ? lacking[0] - (underWay.at(-1) ?? lastBefore) : back - lacking.at(-1);
        assert.ok(kept > SOME / 2, `${kept} ${oldest ? "before" : "after"} those that were dropped`);
        assert.equal(told.missing, lost);
        assert.ok(dropped <= lost && lost <= dropped + told.inFlight, `${lost} lost, ${JSON.stringify(told)}`);
      });
    }
  }
});
