// Binary anywhere in arguments and answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../server.mjs";
import { collect, delivered, join, settled } from "./lab.mjs";

export function binary(lab) {
  test("binary both ways, nested, in acks, and in between text", async (t) => {
    const socket = await lab.connect(t);
    const one = Buffer.from([0, 1, 2, 255]);
    const two = Buffer.from("é");
    const cases = [
      [one],
      [one, "between", two],
      [{ deep: [{ one }, { two, text: "é" }], none: null }, Buffer.alloc(0)],
      [one, one],
    ];
    const seen = collect(socket, "message-back");
    for (const args of cases) {
      socket.emit("message", ...args);
      socket.emit("message", "text");
    }
    await settled(socket);
    assert.deepEqual(seen, cases.flatMap((args) => [args, ["text"]]));
    assert.deepEqual(await socket.emitWithAck("message-with-ack", { one }), { one });
    socket.on("question", (value, answer) => answer({ value, two }));
    const { answers } = await socket.emitWithAck("ask_me", { question: one, timeout: 10_000 });
    assert.deepEqual(answers, [{ value: one, two }]);
  });

  test("typed arrays arrive as bytes", async (t) => {
    const socket = await lab.connect(t);
    const sent = [Uint8Array.of(1, 2, 3, 4).buffer, Uint8Array.of(2, 3)];
    const answer = new Promise((resolve) => {
      socket.emit("message-with-ack", ...sent, (...args) => resolve(args));
    });
    const received = (await within(answer, "answer")).map((bytes) => [...bytes]);
    assert.deepEqual(received, [[1, 2, 3, 4], [2, 3]]);
  });

  test("binary to a room", async (t) => {
    const [ada, ben] = await lab.connectAll(t, 2);
    const room = lab.newRoom();
    await join(room, ben);
    const seen = collect(ben, "file");
    const content = Buffer.from([1, 2, 3]);
    await ada.emitWithAck("cast", { to: [room], event: "file", args: ["a.bin", { content }] });
    await delivered(ada, ben);
    assert.deepEqual(seen, [["a.bin", { content }]]);
  });
}
