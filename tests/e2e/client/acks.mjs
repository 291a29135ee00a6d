// Acks of both sides, in time or not, alone and of a whole room.

import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../server.mjs";
import { join, settled } from "./lab.mjs";

const LONG = 10_000; // ms
const SHORT = 50; // ms, for an answer that nobody gives

export function acks(lab) {
  test("the server answers: callback, promise, with a timeout", async (t) => {
    const socket = await lab.connect(t);
    const answered = new Promise((resolve) => {
      socket.emit("message-with-ack", 1, "2", { 3: [false] }, (...args) => resolve(args));
    });
    assert.deepEqual(await within(answered, "answer"), [1, "2", { 3: [false] }]);
    assert.equal(await socket.emitWithAck("message-with-ack", "one"), "one");
    assert.equal(await socket.timeout(LONG).emitWithAck("message-with-ack", "two"), "two");
    assert.equal(await socket.emitWithAck("join", lab.newRoom()), undefined);
    const many = Array.from({ length: 200 }, (_, n) => socket.emitWithAck("message-with-ack", n));
    assert.deepEqual(await within(Promise.all(many), "answers"), [...Array(200).keys()]);
  });

  test("an event that nobody handles is not answered", async (t) => {
    const socket = await lab.connect(t);
    const unheard = socket.timeout(SHORT).emitWithAck("nobody listens");
    await assert.rejects(unheard, { message: "operation has timed out" });
    await settled(socket);
  });

  test("a payload that does not fit is refused by name and field", async (t) => {
    const socket = await lab.connect(t);
    const { error } = await socket.emitWithAck("ask_me", { question: 1, timeout: "soon" });
    assert.match(error.message, /ask_me.*timeout/);
    const refused = await socket.emitWithAck("refuse", "not today");
    assert.deepEqual(refused, { error: { message: "not today", data: [1, 2] } });
    await settled(socket);
  });

  test("the client answers the server, in time or not", async (t) => {
    const socket = await lab.connect(t);
    const late = [];
    socket.on("question", (value, answer) => (value === "?" ? late.push(answer) : answer({ value })));
    const ask = (question, timeout) => socket.emitWithAck("ask_me", { question, timeout });
    assert.deepEqual(await ask("how are you", LONG), {
      answers: [{ value: "how are you" }],
      error: null,
    });
    assert.deepEqual(await ask("?", SHORT), { answers: [], error: "operation has timed out" });
    late.pop()?.("too late"); // goes nowhere
    await settled(socket);
    socket.off("question").on("question", (value, answer) => answer(value, "a second is ignored"));
    assert.deepEqual((await ask(1, LONG)).answers, [1]);
  });

  test("a whole room answers", async (t) => {
    const [ada, ben, eve] = await lab.connectAll(t, 3);
    const room = lab.newRoom();
    await join(room, ada, ben);
    for (const socket of [ada, ben, eve]) socket.on("question", (n, answer) => answer(n + socket.id));
    const ask = (room, timeout) => ada.emitWithAck("ask_room", { room, question: "I am ", timeout });
    const { answers, error } = await ask(room, LONG);
    assert.equal(error, null);
    assert.deepEqual(answers.sort(), [`I am ${ada.id}`, `I am ${ben.id}`].sort());
    assert.deepEqual(await ask("empty", LONG), { answers: [], error: null });
  });

  test("a room that answers in part gives what came in time", async (t) => {
    const [ada, ben] = await lab.connectAll(t, 2);
    const room = lab.newRoom();
    await join(room, ada, ben);
    ada.on("question", (question, answer) => answer(question));
    // More than the first of these only if Ada was too slow.
    for (const timeout of [1_000, LONG]) {
      const { answers, error } = await ada.emitWithAck("ask_room", { room, question: "who is there?", timeout });
      assert.equal(error, "incomplete");
      if (answers.length === 0 && timeout < LONG) continue;
      assert.deepEqual(answers, ["who is there?"]);
      return;
    }
  });
}
