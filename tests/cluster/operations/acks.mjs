// Broadcasts with ack: answers of both nodes, in time or not.

import assert from "node:assert/strict";
import { test } from "node:test";

const LONG = 10_000; // ms
/** Milliseconds that an answer that nobody gives is waited for; more of them only if the others needed more. */
const SHORT = [500, 3_000, LONG];

export function acks(lab) {
  const question = (args, target) => lab.from.ask("ask", { event: "question", args, timeout: LONG, ...target });

  test("everyone in a room answers, on both nodes", async (t) => {
    const { cluster, from, to } = lab;
    const sockets = [await cluster.connect(t, from), await cluster.connect(t, to), await cluster.connect(t, to)];
    const stranger = await cluster.connect(t, to);
    const room = cluster.newRoom();
    await cluster.join(room, ...sockets);
    for (const [index, socket] of [...sockets, stranger].entries()) {
      socket.on("question", (text, data, answer) => answer({ index, text, data, "été": ['"\\', 2 ** 40, null] }));
    }
    const data = Buffer.from([0, 1, 2]);
    const { answers, complete } = await question(["who?", data], { to: [room] });
    assert.ok(complete);
    assert.deepEqual(
      answers.sort((a, b) => a.index - b.index),
      [0, 1, 2].map((index) => ({ index, text: "who?", data, "été": ['"\\', 2 ** 40, null] })),
    );
  });

  test("an answer may be binary, nothing, or more than one argument", async (t) => {
    const { cluster, to } = lab;
    const far = await cluster.connect(t, to);
    const given = [[Buffer.from([9, 8])], [{ in: [Buffer.from([7])] }], ["first", "second"], [null]];
    for (const args of given) {
      far.once("question", (answer) => answer(...args));
      assert.deepEqual(await question([], { to: [far.id] }), { answers: [args[0]], complete: true });
    }
  });

  test("where nobody is, nobody is waited for", async () => {
    assert.deepEqual(await question([], { to: ["nobody is here"] }), { answers: [], complete: true });
  });

  test("who answers in time counts, and the others are missed", async (t) => {
    const { cluster, from, to } = lab;
    await cluster.deserted();
    const near = await cluster.connect(t, from);
    const [far] = [await cluster.connect(t, to), await cluster.connect(t, to)];
    near.on("question", (answer) => answer("near"));
    far.on("question", (answer) => answer("far"));
    for (const timeout of SHORT) {
      const { answers, complete } = await question([], { timeout });
      assert.equal(complete, false);
      if (answers.length < 2 && timeout < LONG) continue; // the machine has other things to do
      assert.deepEqual(answers.sort(), ["far", "near"]);
      return;
    }
  });
}
