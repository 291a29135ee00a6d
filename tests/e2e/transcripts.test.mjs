// The recorded traffic of the reference implementation, replayed frame by frame.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as notepack from "notepack.io";
import { DEVIATIONS, UNSUPPORTED } from "./transcript/deviations.mjs";
import { scenarios } from "./transcript/recorded.mjs";
import { replay } from "./transcript/replay.mjs";

const REFERENCE = [process.execPath, fileURLToPath(new URL("./transcript/reference.mjs", import.meta.url))];

/** Most of a replay is waiting. */
const CONCURRENCY = 4;

/** A packet of the msgpack parser; a member that is undefined counts as absent. */
const decode = (bytes) => JSON.parse(JSON.stringify(notepack.decode(bytes)));

test("every deviation belongs to a scenario", () => {
  const names = scenarios.map(({ name }) => name);
  for (const { scenario } of [...DEVIATIONS, ...UNSUPPORTED]) assert.ok(names.includes(scenario), scenario);
});

describe("the reference implementation, so that the replay itself is right", { concurrency: CONCURRENCY }, () => {
  for (const scenario of scenarios) {
    test(scenario.name, async () => {
      assert.deepEqual(await replay(scenario, { command: REFERENCE, decode }), []);
    });
  }
});

describe("roomcast", { concurrency: CONCURRENCY }, () => {
  for (const scenario of scenarios) {
    const mine = ({ scenario: name }) => name === scenario.name;
    const skip = UNSUPPORTED.find(mine)?.why;
    test(scenario.name, { skip }, async () => {
      const deviations = DEVIATIONS.filter(mine);
      assert.deepEqual(await replay(scenario, { command: [process.env.SERVER_BIN], decode, deviations }), []);
    });
  }
});
