// Nodes that die, and nodes that are apart from the others for a while.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Cluster, next, until } from "./harness.mjs";
import { ADAPTERS, SOME, isConnected, isLossless, lossesWithin, numbers, start, stats, stop } from "./load.mjs";

const REQUESTS_TIMEOUT = 3_000; // ms, for what a node that stands still is asked

async function killed(t, options) {
  const cluster = await Cluster.start(["roomcast", "roomcast"], options);
  t.after(() => cluster.stop());
  const [survivor, victim] = cluster.nodes;
  const [near, far] = [await cluster.connect(t, survivor), await cluster.connect(t, victim)];
  const room = cluster.newRoom();
  await cluster.join(room, near, far);
  const [atNear, atFar] = [numbers(near, survivor), numbers(far, victim)];
  const fromVictim = numbers(near, victim);
  for (const node of cluster.nodes) await start(node, room);
  await until("numbers arrive", () => Math.min(atNear.length, atFar.length) >= SOME);
  const { id } = far;
  const lost = next(far, "disconnect");
  await victim.stop("SIGKILL");
  cluster.nodes.pop();
  await lost;

  // Nothing waits for the one that is dead.
  await cluster.complete();
  const found = await survivor.ask("fetch", {});
  assert.deepEqual(found.map(({ id }) => id), [near.id]);
  const asked = await survivor.ask("serverSideAsk", { event: "hello", args: [] });
  assert.deepEqual(asked, { answers: [], complete: true });

  // Its client goes elsewhere, and what it gets there has no hole that it is not told of.
  far.io.uri = survivor.url;
  const back = next(far, "connect");
  far.connect();
  await back;
  if (!far.recovered) assert.notEqual(far.id, id, "a new session");
  far.node = survivor;
  await cluster.join(room, far);
  const atNewcomer = numbers(far, survivor);
  await until("numbers arrive at it", () => atNewcomer.length >= SOME);
  const all = await stop(survivor, atNear, atNewcomer);
  assert.deepEqual(atNear, all);
  assert.deepEqual(fromVictim, [...fromVictim.keys()], "of the one that was killed nothing is missing before its end");
  assert.deepEqual(atNewcomer, all.slice(atNewcomer[0]));
}

async function apart(t, options) {
  const cluster = await Cluster.start(["roomcast", "roomcast", "roomcast"], {
    ...options,
    proxied: true,
    redis: { persistent: true },
  });
  t.after(() => cluster.stop());
  const [one, two, rest] = cluster.nodes;
  const room = cluster.newRoom();
  const sockets = [];
  for (const node of cluster.nodes) sockets.push(await cluster.connect(t, node));
  await cluster.join(room, ...sockets);
  // What each socket gets of each node.
  const seen = sockets.map((socket) => cluster.nodes.map((node) => numbers(socket, node)));
  for (const node of cluster.nodes) await start(node, room);
  const everywhere = (count) => () => seen.every((lists) => lists.every((list) => list.length >= count));
  await until("numbers arrive everywhere", everywhere(SOME));

  const before = seen.map((lists) => lists.map((list) => list.at(-1)));
  for (const node of [one, two]) node.proxy.cut();
  for (const node of [one, two]) await until("it is apart", async () => !(await isConnected(node)));
  const during = cluster.nodes.map((_, index) => seen[index][index].length);
  await until("each delivers to its own", () => during.every((count, index) => seen[index][index].length >= count + SOME));
  for (const node of [one, two]) node.proxy.heal();
  for (const node of [one, two]) await until("it is back", () => isConnected(node));
  await cluster.complete();
  const after = await Promise.all(cluster.nodes.map((node) => node.ask("load")));
  await until("numbers arrive everywhere again", () =>
    seen.every((lists) => lists.every((list, index) => list.at(-1) >= after[index] + SOME)),
  );

  for (const [of, node] of cluster.nodes.entries()) {
    const all = await stop(node, ...seen.map((lists) => lists[of]));
    if (isLossless(options)) {
      const told = await Promise.all(cluster.nodes.map(stats));
      const gaps = told.map(({ cluster_gaps }) => cluster_gaps);
      assert.deepEqual(gaps, [0, 0, 0], "nothing was trimmed before it was read");
    }
    for (const [at, lists] of seen.entries()) {
      const what = `of ${node.name}, at ${cluster.nodes[at].name}:`;
      if (isLossless(options) || at === of) assert.deepEqual(lists[of], all, what);
      else lossesWithin(lists[of], all, before[at][of], after[of], what);
    }
  }
  const restStats = await rest.ask("stats");
  assert.equal(restStats.cluster_disconnects, 0, "who was not apart has noticed nothing");
}

/** A node that stands still holds nobody up for longer than the time that requests have. */
async function silent(t, options, kind) {
  const cluster = await Cluster.start(["roomcast", kind], { ...options, REQUESTS_TIMEOUT: String(REQUESTS_TIMEOUT) });
  t.after(() => cluster.stop());
  const [here, still] = cluster.nodes;
  const [near, far] = [await cluster.connect(t, here), await cluster.connect(t, still)];
  const room = cluster.newRoom();
  await cluster.join(room, near, far);
  near.on("question", (answer) => answer("near"));
  far.on("question", (answer) => answer("far"));
  await until("both are found", async () => (await here.ask("survey")).found === 2);
  still.signal("SIGSTOP");
  t.after(() => still.signal("SIGCONT"));

  const [survey, asked, told, applied] = await Promise.all([
    here.ask("survey"),
    here.ask("ask", { event: "question", args: [], to: [room], timeout: REQUESTS_TIMEOUT }),
    here.ask("serverSideAsk", { event: "hello", args: [] }),
    here.ask("join", { to: [room], rooms: ["another"] }).catch(({ message }) => message),
  ]);
  assert.deepEqual([survey.found, survey.missing], [1, 1]);
  // Its name is told if that is found out soon.
  if (survey.named === 0) await until("it is named", async () => (await here.ask("survey")).named === 1);
  else assert.equal(survey.named, 1);
  assert.deepEqual(asked, { answers: ["near"], complete: false });
  assert.deepEqual(told, { answers: [], complete: false });
  assert.match(applied, /not confirmed in time: 1 node/);

  still.signal("SIGCONT");
  await until("it answers again", async () => (await here.ask("survey")).found === 2);
  const joined = async () => (await here.ask("fetch", { to: ["another"] })).length === 2;
  await until("what was asked of it meanwhile, it has done", joined);
}

describe("nodes", { concurrency: 4 }, () => {
  for (const [adapter, options] of Object.entries(ADAPTERS)) {
    test(`${adapter}: one is killed under load`, (t) => killed(t, options));
    test(`${adapter}: two are apart from the others, and come back`, (t) => apart(t, options));
    for (const kind of ["roomcast", "node"]) {
      test(`${adapter}: one stands still, of ${kind}`, (t) => silent(t, options, kind));
    }
  }
});
