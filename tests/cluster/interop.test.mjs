// Every operation between two nodes, both ways: of a roomcast node and one of Node.js, for each
// adapter. What is expected is shown to be Node's own way by two nodes of Node.js.

import { after, before, describe } from "node:test";
import { Cluster } from "./harness.mjs";
import { acks } from "./operations/acks.mjs";
import { broadcasts } from "./operations/broadcasts.mjs";
import { emitter } from "./operations/emitter.mjs";
import { NodeEmitter } from "./node_emitter.mjs";
import { recovery } from "./operations/recovery.mjs";
import { rooms } from "./operations/rooms.mjs";
import { serverSide } from "./operations/server_side.mjs";
import { sockets } from "./operations/sockets.mjs";

const OPERATIONS = { broadcasts, acks, sockets, rooms, "server-side events": serverSide };

const RECOVERY = { RECOVERY: "60000" }; // ms

const VARIANTS = [
  { adapter: "classic" },
  { adapter: "classic", CLIENT: "redis" },
  { adapter: "classic-specific" },
  { adapter: "sharded-static" },
  { adapter: "sharded-dynamic" },
  { adapter: "sharded-dynamic-private" },
  { adapter: "streams" },
  { adapter: "streams", CLIENT: "redis" },
  { adapter: "streams", ...RECOVERY },
];

const PAIRS = [
  ["node", "node"],
  ["roomcast", "node"],
  ["roomcast", "roomcast"],
];

/** Much of a test is waiting. */
const CONCURRENCY = 3;

/** The nodes of a cluster, one of which does something and the other has part in it. */
class Lab {
  /** Without the offset that comes with what a session can recover. */
  plain = (args) => (this.cluster.env.RECOVERY ? args.slice(0, -1) : args);

  constructor(shared, kinds, from) {
    this.shared = shared;
    this.index = from;
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
}

function variant(kinds, options) {
  const shared = {};
  before(async () => (shared.cluster = await Cluster.start(kinds, options)));
  after(() => shared.cluster.stop());
  for (const [index, kind] of kinds.entries()) {
    // Of two nodes of one kind, one direction is enough.
    if (kinds.indexOf(kind) !== index) continue;
    describe(`from ${kind} to ${kinds[1 - index]}`, () => {
      const lab = new Lab(shared, kinds, index);
      for (const [name, operation] of Object.entries(OPERATIONS)) describe(name, () => operation(lab));
      if (options.RECOVERY) describe("recovery", () => recovery(lab));
    });
  }
  if (options.adapter.startsWith("classic")) {
    describe("Node's emitter", () => {
      const lab = new Lab(shared, kinds, 0);
      before(async () => (lab.emitter = await NodeEmitter.connect(shared.cluster.redis)));
      after(() => lab.emitter.stop());
      emitter(lab);
    });
  }
}

describe("interoperability", { concurrency: CONCURRENCY }, () => {
  for (const kinds of PAIRS) {
    for (const options of VARIANTS) {
      const { adapter, ...env } = options;
      const name = [adapter, ...Object.keys(env)].join(" ");
      // One test at a time: they share the nodes, and some ask for all sockets.
      describe(`${name}: ${kinds.join(" and ")}`, { concurrency: 1 }, () => variant(kinds, options));
    }
  }
});
