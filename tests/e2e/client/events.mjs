// Events: their order, their arguments, who else sees them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { next, within } from "../server.mjs";
import { collect, delivered, join, settled } from "./lab.mjs";

export function events(lab) {
  test("events arrive in order with all their arguments", async (t) => {
    const socket = await lab.connect(t);
    const seen = collect(socket, "message-back");
    const sent = [[], [1, "2", { 3: [true, null, { four: 4.5 }] }], [null], [[], {}]];
    for (const args of sent) socket.emit("message", ...args);
    await settled(socket);
    assert.deepEqual(seen, sent);
    const numbers = collect(socket, "number");
    const many = lab.polls ? 200 : 1_000; // a poll of its own for each few of them
    socket.emit("count", many);
    await settled(socket);
    assert.deepEqual(numbers.flat(), [...Array(many).keys()]);
  });

  test("all of Unicode, in names of events and rooms too", async (t) => {
    const socket = await lab.connect(t);
    const text = 'é ß 日本語 😀 \u0000 \u001e \u2028 \u{10ffff} "\\" </script>';
    assert.equal(await socket.emitWithAck("message-with-ack", text), text);
    const seen = collect(socket, text);
    await join(text, socket);
    await socket.emitWithAck("cast", { to: [text], from_all: true, event: text, args: [{ [text]: 1 }] });
    await settled(socket);
    assert.deepEqual(seen, [[{ [text]: 1 }]]);
  });

  test("messages of one sender keep their order for all others", async (t) => {
    const [ada, ben, eve] = await lab.connectAll(t, 3);
    const room = lab.newRoom();
    await join(room, ben, eve);
    const seen = [ben, eve].map((socket) => collect(socket, "news"));
    const many = lab.polls ? 100 : 500;
    for (let n = 0; n < many; n++) ada.emit("cast", { to: [room], event: "news", args: [n] });
    await delivered(ada, ben, eve);
    for (const list of seen) assert.deepEqual(list.flat(), [...Array(many).keys()]);
  });

  test("volatile events and catch-all listeners", async (t) => {
    const socket = await lab.connect(t);
    const [incoming, outgoing] = [[], []];
    // Sockets of the tests before may just be leaving.
    socket.onAny((...event) => event[0] === "gone" || incoming.push(event));
    socket.onAnyOutgoing((...event) => outgoing.push(event));
    // On polling it is dropped while a request is under way.
    const back = next(socket, "message-back");
    let arrived = false;
    back.finally(() => (arrived = true));
    do {
      socket.volatile.emit("message", "as long as it is writable");
      await settled(socket);
    } while (!arrived);
    await back;
    const seen = JSON.stringify(["message-back", "as long as it is writable"]);
    assert.deepEqual([...new Set(incoming.map((event) => JSON.stringify(event)))], [seen]);
    const names = new Set(outgoing.map(([name]) => name));
    assert.deepEqual([...names].sort(), ["message", "message-with-ack"]);
  });

  test("volatile events of the server reach who takes them", async (t) => {
    const [ada, ben] = await lab.connectAll(t, 2);
    await settled(ben);
    const heard = next(ben, "tick");
    let ticks = 0;
    heard.finally(() => (ticks = -1));
    // On polling a client takes nothing between two polls.
    while (ticks >= 0) {
      const cast = { to: [ben.id], volatile: true, event: "tick", args: [++ticks] };
      await ada.emitWithAck("cast", cast);
    }
    const [tick] = await heard;
    if (!lab.polls) assert.equal(tick, 1);
  });

  test("the server's catch-all sees what no handler does", async (t) => {
    const socket = await lab.connect(t);
    await join("eavesdrop", socket);
    const heard = collect(socket, "heard");
    socket.emit("nobody listens", 1, { two: Buffer.from([3]) });
    const done = new Promise((resolve) => socket.emit("message-with-ack", "x", resolve));
    assert.equal(await within(done, "ack"), "x");
    assert.deepEqual(heard, [
      ["nobody listens", [1, { two: Buffer.from([3]) }], false],
      ["message-with-ack", ["x"], true],
    ]);
  });
}
