// Operations between two nodes, both ways: one node does something and the other has part in it.

import { after, before, describe } from "node:test";
import { Cluster } from "./harness.mjs";
import { acks } from "./operations/acks.mjs";
import { broadcasts } from "./operations/broadcasts.mjs";
import { emitter } from "./operations/emitter.mjs";
import { NodeEmitter } from "./node_emitter.mjs";
import { recovery, recoveryHere } from "./operations/recovery.mjs";
import { rooms } from "./operations/rooms.mjs";
import { serverSide } from "./operations/server_side.mjs";
import { sockets } from "./operations/sockets.mjs";
import { users } from "./operations/users.mjs";

const OPERATIONS = { broadcasts, acks, sockets, rooms, "server-side events": serverSide };

/** The nodes of a cluster, one of which does something and the other has part in it. */
class Lab {
  constructor(shared, kinds, from) {
    this.shared = shared;
    this.index = from;
    this.giver = kinds[from];
    this.receiver = kinds[1 - from];
  }

  get cluster() {
    return this.shared.cluster;
  }

  get from() {
    return this.cluster.nodes[this.index];
  }

  get to() {
    return this.cluster.nodes[1 - this.index];
  }

  /** What a socket gets, without the offset that comes with what its session can recover. */
  plain({ node }) {
    const { adapter, env } = this.cluster;
    const numbered = env.RECOVERY && (adapter === "streams" || node.kind === "roomcast");
    return (args) => (numbered ? args.slice(0, -1) : args);
  }
}

function variant(kinds, { operations = OPERATIONS, ...options }, start) {
  const { adapter } = options;
  const shared = {};
  before(async () => (shared.cluster = await start(kinds, options)));
  after(() => shared.cluster.stop());
  for (const [index, kind] of kinds.entries()) {
    // Of two nodes of one kind, one direction is enough.
    if (kinds.indexOf(kind) !== index) continue;
    const other = kinds[1 - index];
    describe(`from ${kind} to ${other}`, () => {
      const lab = new Lab(shared, kinds, index);
      for (const [name, operation] of Object.entries(operations)) describe(name, () => operation(lab));
      if (other === "roomcast") describe("users", () => users(lab));
      if (!options.RECOVERY) return;
      if (adapter === "streams") describe("recovery", () => recovery(lab));
      else if (other === "roomcast") describe("recovery", () => recoveryHere(lab));
    });
  }
  // The older adapters do not understand all that the emitters send.
  if (operations !== OPERATIONS || options.LEGACY) return;
  const emitters = (what, connect) =>
    describe(what, () => {
      const lab = new Lab(shared, kinds, 0);
      before(async () => (lab.emitter = await connect(shared.cluster)));
      after(() => lab.emitter.stop());
      emitter(lab);
    });
  if (adapter.startsWith("classic")) emitters("Node's emitter", (cluster) => NodeEmitter.connect(cluster));
  if (!adapter.startsWith("sharded")) emitters("our emitter", (cluster) => cluster.emitter());
}

/**
 * Tests of variants: `pairs` of nodes, the `operations` if not all, and the options of their cluster, which
 * `start` starts.
 */
export function interoperate(variants, start = Cluster.start) {
  for (const { pairs, ...options } of variants) {
    const { adapter, operations, counted, ...env } = options;
    const name = [adapter, ...Object.keys(env)].join(" ");
    for (const kinds of pairs) {
      // One test at a time: they share the nodes, and some ask for all sockets.
      describe(`${name}: ${kinds.join(" and ")}`, { concurrency: 1 }, () => variant(kinds, options, start));
    }
  }
}
