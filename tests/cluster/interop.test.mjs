// Every operation between two nodes, both ways: of a roomcast node and one of Node.js, for each
// adapter. What is expected is shown to be Node's own way by two nodes of Node.js.

import { describe } from "node:test";
import { interoperate } from "./interop.mjs";
import { broadcasts } from "./operations/broadcasts.mjs";
import { rooms } from "./operations/rooms.mjs";
import { serverSide } from "./operations/server_side.mjs";

const RECOVERY = { RECOVERY: "60000" }; // ms

const ALL = [
  ["node", "node"],
  ["roomcast", "node"],
  ["roomcast", "roomcast"],
];

const MIXED = [["roomcast", "node"]];

/** Pairs of nodes, and what they have in common. */
const VARIANTS = [
  { pairs: ALL, adapter: "classic" },
  { pairs: ALL, adapter: "classic-specific" },
  { pairs: ALL, adapter: "sharded-static" },
  { pairs: ALL, adapter: "sharded-dynamic" },
  { pairs: ALL, adapter: "sharded-dynamic-private" },
  { pairs: ALL, adapter: "streams" },
  { pairs: ALL, adapter: "streams", ...RECOVERY },
  { pairs: MIXED, adapter: "classic", CLIENT: "redis", PREFIX: "app", ...RECOVERY },
  { pairs: MIXED, adapter: "sharded-static", ...RECOVERY },
  { pairs: MIXED, adapter: "sharded-dynamic-private", ...RECOVERY },
  { pairs: MIXED, adapter: "sharded-dynamic", CLIENT: "redis", PREFIX: "app", ...RECOVERY },
  { pairs: MIXED, adapter: "streams", CLIENT: "redis", PREFIX: "app", STREAMS: "3", SHARDED_PUB_SUB: "1", ...RECOVERY },
  { pairs: MIXED, adapter: "streams", PLAINTEXT: "1", operations: { rooms, "server-side events": serverSide } },
  { pairs: MIXED, adapter: "classic", LEGACY: "1" },
  { pairs: MIXED, adapter: "streams", LEGACY: "1", counted: false, operations: { broadcasts } },
];

/** Much of a test is waiting. */
const CONCURRENCY = 3;

describe("interoperability", { concurrency: CONCURRENCY }, () => interoperate(VARIANTS));
