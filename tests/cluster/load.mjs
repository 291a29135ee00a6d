// Events that come without pause, each with a number, and what may be missing of them.

import assert from "node:assert/strict";
import { Cluster, until } from "./harness.mjs";

// Three nodes fill a stream of the default length in 16 s, and on a busy machine one may be that far behind.
const MAX_LEN = "100000";

/** What the tests of faults run with. */
export const ADAPTERS = {
  classic: { adapter: "classic" },
  sharded: { adapter: "sharded-dynamic" },
  streams: { adapter: "streams", MAX_LEN },
  "streams, recovery": { adapter: "streams", MAX_LEN, RECOVERY: "60000" },
};

/** Enough events to see that they come. */
export const SOME = 100;

const EVERY = 5; // ms between two events

/** The node emits numbers to the room, with its name as the event. */
export const start = (node, room) => node.ask("startLoad", { to: [room], event: node.name, every: EVERY });

/**
 * Two roomcast nodes, of which one (`here`) emits to a room with a client at each, and the numbers that have
 * arrived `atNear` and `atFar`.
 */
export async function twoUnderLoad(t, options) {
  const cluster = await Cluster.start(["roomcast", "roomcast"], { ...options, proxied: true });
  t.after(() => cluster.stop());
  const [here, there] = cluster.nodes;
  const [near, far] = [await cluster.connect(t, here), await cluster.connect(t, there)];
  const room = cluster.newRoom();
  await cluster.join(room, near, far);
  const [atNear, atFar] = [numbers(near, here), numbers(far, here)];
  await start(here, room);
  await until("numbers arrive", () => Math.min(atNear.length, atFar.length) >= SOME);
  return { cluster, here, there, atNear, atFar };
}

/** Numbers arrive at the other node again; from which on. */
export async function arriveAgain({ cluster, here, atFar }) {
  await cluster.complete();
  const firstAfter = await here.ask("load");
  await until("numbers arrive again", () => atFar.at(-1) >= firstAfter + SOME);
  return firstAfter;
}

/** The numbers of a node that a socket gets. */
export function numbers(socket, node) {
  const seen = [];
  socket.on(node.name, (number) => seen.push(number));
  return seen;
}

/** The node stops; the numbers that it has emitted, the last of which have arrived in these lists. */
export async function stop(node, ...lists) {
  const count = await node.ask("stopLoad");
  await until(`the last of ${node.name} arrives`, () => lists.every((list) => list.at(-1) === count - 1));
  return [...Array(count).keys()];
}

/**
 * All that arrived is in order and there once; what is lost is later than the last number before the
 * outage and earlier than the first after it. How many are lost.
 */
export function lossesWithin(arrived, all, lastBefore, firstAfter, what = "") {
  const there = new Set(arrived);
  assert.deepEqual(arrived, all.filter((number) => there.has(number)), `${what} in order, and once`);
  const lost = all.filter((number) => !there.has(number));
  const outside = lost.filter((number) => number <= lastBefore || number >= firstAfter);
  assert.deepEqual(outside, [], `${what} lost outside of the outage`);
  return lost.length;
}

/**
 * What the figures of the two say of events that `here` has emitted and `there` has not got: how many
 * are `missing`, and of which it is known why.
 */
export async function explain(here, there) {
  const [from, to] = await Promise.all([here, there].map(stats));
  const { outbox_refused: refused = 0 } = from.cluster_dropped; // those do not count as published
  return {
    missing: from.cluster_published + refused - to.cluster_received,
    dropped: from.cluster_dropped,
    inFlight: from.cluster_lost_in_flight,
  };
}

export const stats = (node) => node.ask("stats");

export const isConnected = async (node) => (await stats(node)).cluster_connected === 1;

/** Whether the adapter promises that all arrives, whatever happens meanwhile. */
export const isLossless = ({ adapter }) => adapter === "streams";
