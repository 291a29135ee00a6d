// Older versions of the official client: what they have in common with today's, over both transports. They speak
// the same protocol; what came later (`emitWithAck`, `timeout`, recovery) is only in client/.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { io as io3 } from "socket.io-client-3";
import { io as io40 } from "socket.io-client-4.0";
import { io as io45 } from "socket.io-client-4.5";
import { next, startServer, within } from "./server.mjs";

const CLIENTS = { "3.1": io3, "4.0": io40, "4.5": io45 };
const TRANSPORTS = { polling: ["polling"], WebSocket: ["websocket"], upgrade: ["polling", "websocket"] };

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const asked = (socket, ...args) =>
  within(new Promise((resolve) => socket.emit(...args, (...answer) => resolve(answer))), `answer to "${args[0]}"`);

for (const [version, io] of Object.entries(CLIENTS)) {
  for (const [name, transports] of Object.entries(TRANSPORTS)) {
    describe(`socket.io-client ${version}, ${name}`, () => scenarios(io, version, name, transports));
  }
}

function scenarios(io, version, name, transports) {
  async function connect(t, path = "", options = {}) {
    const socket = io(server.url + path, { transports, forceNew: true, ...options });
    t.after(() => socket.disconnect());
    await next(socket, "connect");
    return socket;
  }

  test("events, acks in both directions, and binary", async (t) => {
    const socket = await connect(t);
    socket.emit("message", 1, "zwei", { 3: [null] });
    assert.deepEqual(await next(socket, "message-back"), [1, "zwei", { 3: [null] }]);
    assert.deepEqual(await asked(socket, "message-with-ack", "a", 2), ["a", 2]);
    const [bytes, text] = await asked(socket, "message-with-ack", Buffer.from([1, 2, 3]), "and text");
    assert.deepEqual([...bytes, text], [1, 2, 3, "and text"]);
    socket.on("question", (question, answer) => answer(`${question}!`));
    assert.deepEqual(await asked(socket, "ask_me", { question: "well", timeout: 10_000 }), [
      { answers: ["well!"], error: null },
    ]);
  });

  test("rooms", async (t) => {
    const [ada, ben] = [await connect(t), await connect(t)];
    const room = `older ${version} ${name}`;
    for (const socket of [ada, ben]) await asked(socket, "join", room);
    const heard = next(ben, "news");
    ada.on("news", () => assert.fail("a broadcast leaves its sender out"));
    ada.emit("cast", { to: [room], except: [], from_all: false, volatile: false, event: "news", args: [1] });
    assert.deepEqual(await heard, [1]);
    await asked(ada, "message-with-ack");
  });

  test("namespaces, refused and not", async (t) => {
    const socket = await connect(t, "/private", { auth: { user: "ada", token: 1234 } });
    assert.ok(socket.connected);
    const refused = io(`${server.url}/private`, { transports, forceNew: true, auth: { user: "eve", token: 1 } });
    t.after(() => refused.disconnect());
    const [error] = await next(refused, "connect_error");
    assert.equal(error.message, "not authorized");
    assert.deepEqual(error.data, { code: "E001", user: "eve" });
  });

  test("a disconnect by the server", async (t) => {
    const socket = await connect(t);
    const gone = next(socket, "disconnect");
    socket.emit("disconnect_me", false);
    assert.equal((await gone)[0], "io server disconnect");
  });

  if (transports.length > 1) {
    test("the connection moves to WebSocket", async (t) => {
      const socket = await connect(t);
      const { engine } = socket.io;
      if (engine.transport.name !== "websocket") await next(engine, "upgrade");
      assert.equal(engine.transport.name, "websocket");
      assert.deepEqual(await asked(socket, "message-with-ack", "up"), ["up"]);
    });
  }
}
