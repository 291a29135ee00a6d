// The official client with socket.io-msgpack-parser, against the test server with the same.

import assert from "node:assert/strict";
import { on } from "node:events";
import { after, before, describe, test } from "node:test";
import { io } from "socket.io-client";
import parser from "socket.io-msgpack-parser";
import { WebSocket } from "ws";
import { next, startServer, within } from "./server.mjs";

const LIMIT = 1_000_000; // bytes of one message

for (const mode of ["handoff", "body"]) describe(mode, () => scenarios(mode, ["websocket"]));
describe("polling", () => scenarios("handoff", ["polling"]));

function scenarios(mode, transports) {
  let server;
  before(async () => (server = await startServer({ MODE: mode, PARSER: "msgpack" })));
  after(() => server.stop());

  function open(t, { nsp = "/", ...options } = {}) {
    const socket = io(server.url + nsp, { parser, transports, forceNew: true, ...options });
    t.after(() => socket.disconnect());
    return socket;
  }

  async function connect(t, options) {
    const socket = open(t, options);
    await next(socket, "connect");
    return socket;
  }

  const echo = (socket, ...args) => socket.timeout(15_000).emitWithAck("message-with-ack", ...args);
  const encode = (packet) => new parser.Encoder().encode(packet)[0];
  function decode(message) {
    let packet;
    const decoder = new parser.Decoder();
    decoder.on("decoded", (decoded) => (packet = decoded));
    decoder.add(message);
    return packet;
  }

  /** A WebSocket without a client, after the open packet; `message` is what it gets next. */
  async function raw(t) {
    const ws = new WebSocket(`${server.url}/socket.io/?EIO=4&transport=websocket`);
    t.after(() => ws.terminate());
    const messages = on(ws, "message");
    const next = async () => (await within(messages.next(), "message")).value[0];
    await next(); // the open packet
    // Clients of earlier tests may just be leaving, of which everyone is told.
    const message = async () => {
      const packet = await next();
      return decode(packet).data?.[0] === "gone" ? message() : packet;
    };
    return { ws, message };
  }

  // ---- connecting

  test("auth reaches the session, and what it emits while connecting follows the reply", async (t) => {
    for (const [auth, expected] of [
      [{ token: "123", deep: [1.5] }, { token: "123", deep: [1.5] }],
      [{ token: undefined }, {}],
      [undefined, {}],
    ]) {
      const socket = open(t, { auth });
      assert.deepEqual(await next(socket, "auth"), [expected]);
      assert.match(socket.id, /^[\w-]{20}$/);
    }
  });

  test("a refused connection carries message and data", async (t) => {
    const socket = open(t, { nsp: "/private", auth: { user: "ada", token: 1 } });
    const [error] = await next(socket, "connect_error");
    assert.equal(error.message, "not authorized");
    assert.deepEqual(error.data, { code: "E001", user: "ada" });
    const main = await connect(t);
    const nowhere = main.io.socket("/nowhere");
    const [invalid] = await next(nowhere, "connect_error");
    assert.equal(invalid.message, "Invalid namespace");
    assert.equal(await echo(main, "still here"), "still here");
  });

  test("namespaces share a connection", async (t) => {
    const main = await connect(t);
    const custom = main.io.socket("/custom");
    await next(custom, "connect");
    assert.notEqual(custom.id, main.id);
    assert.equal((await custom.emitWithAck("whoami")).nsp, "/custom");
    custom.disconnect();
    assert.equal(await echo(main, 1), 1);
  });

  // ---- events and acks

  test("events come back as they were", async (t) => {
    const socket = await connect(t);
    const values = [
      1, -1, 1.5, 300, 70_000, 5_000_000_000, -200, -5_000_000_000, Number.MAX_SAFE_INTEGER, 0.1, 1e-7,
      "", "grüße 👋", "a".repeat(300), null, true, false, [], {}, [[[]]], { a: { b: [1, { c: null }] } },
      Array.from({ length: 20 }, (_, n) => n), Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, n])),
    ];
    socket.emit("message", ...values);
    assert.deepEqual(await next(socket, "message-back"), values);
    for (const value of values) assert.deepEqual(await echo(socket, value), value);
  });

  test("what JSON does not have becomes what JSON.stringify would make of it", async (t) => {
    const socket = await connect(t);
    const date = new Date(1_700_000_000_123);
    assert.equal(await echo(socket, date), date.toJSON());
    assert.equal(await echo(socket, new Date(-1)), new Date(-1).toJSON());
    assert.deepEqual(await echo(socket, [undefined, NaN, Infinity]), [null, null, null]);
    assert.deepEqual(await echo(socket, { a: undefined, b: 1 }), { b: 1 });
    assert.equal(await echo(socket, undefined), null);
  });

  test("the server asks and the client answers, alone and in a room", async (t) => {
    const [ada, eve] = [await connect(t), await connect(t)];
    for (const socket of [ada, eve]) {
      socket.on("question", (question, answer) => answer([question, socket === ada ? "ada" : "eve"]));
      await socket.emitWithAck("join", "msgpack");
    }
    const alone = await ada.emitWithAck("ask_me", { question: { n: 1 }, timeout: 10_000 });
    assert.deepEqual(alone, { answers: [[{ n: 1 }, "ada"]], error: null });
    const room = await ada.emitWithAck("ask_room", { room: "msgpack", question: 2, timeout: 10_000 });
    assert.deepEqual(room.answers.sort(), [[2, "ada"], [2, "eve"]]);
  });

  test("a broadcast reaches everyone it should, in order", async (t) => {
    const [ada, eve] = [await connect(t), await connect(t)];
    for (const socket of [ada, eve]) await socket.emitWithAck("join", "news");
    const seen = [];
    const done = new Promise((resolve) => {
      eve.on("news", (n) => (seen.push(n), n === 99 && resolve()));
    });
    ada.on("news", () => assert.fail("to the others only"));
    for (let n = 0; n < 100; n++) ada.emit("cast", { to: ["news"], event: "news", args: [n] });
    await within(done, "the last of the news");
    assert.deepEqual(seen, Array.from({ length: 100 }, (_, n) => n));
  });

  // ---- binary

  test("binary of any kind goes both ways, without a limit on its number", async (t) => {
    const [ada, eve] = [await connect(t), await connect(t)];
    const bytes = [1, 2, 3];
    for (const binary of [Buffer.from(bytes), new Uint8Array(bytes), new Uint8Array(bytes).buffer]) {
      assert.deepEqual([...(await echo(ada, binary))], bytes);
    }
    const many = Array.from({ length: 50 }, (_, n) => ({ content: Buffer.alloc(n, n) }));
    assert.deepEqual(await echo(ada, many), many);
    await eve.emitWithAck("join", "files");
    const file = next(eve, "file");
    ada.emit("cast", { to: ["files"], event: "file", args: ["a.bin", many] });
    assert.deepEqual(await file, ["a.bin", many]);
    ada.on("question", (question, answer) => answer(question));
    const asked = await ada.emitWithAck("ask_me", { question: many, timeout: 10_000 });
    assert.deepEqual(asked.answers, [many]);
  });

  test("a message of nearly the limit passes", async (t) => {
    const socket = await connect(t);
    // A poll carries base64, which is a third longer.
    const size = transports[0] === "polling" ? LIMIT * 0.7 : LIMIT - 200;
    const content = Buffer.alloc(size, 7);
    assert.deepEqual(await echo(socket, content), content);
    const text = "\n".repeat(size); // which JSON escapes
    assert.equal(await echo(socket, text), text);
  });

  // ---- leaving

  test("either side ends a namespace, or the connection", async (t) => {
    const socket = await connect(t);
    socket.emit("disconnect_me", false);
    assert.deepEqual((await next(socket, "disconnect"))[0], "io server disconnect");
    socket.connect();
    await next(socket, "connect");
    const observer = await connect(t);
    const gone = next(observer, "gone");
    const { id } = socket;
    socket.disconnect();
    assert.deepEqual(await gone, [id, "client namespace disconnect"]);
  });

  // ---- on the wire

  test("the packets of the server are those of Node", async (t) => {
    const { ws, message } = await raw(t);
    ws.send(encode({ type: 0, data: { token: "abc" }, nsp: "/" }));
    const { data, ...connected } = decode(await message());
    assert.deepEqual(connected, { type: 0, nsp: "/" });
    assert.deepEqual(Object.keys(data), ["sid"]);
    assert.deepEqual(decode(await message()), { type: 2, data: ["auth", { token: "abc" }], nsp: "/" });
    const question = ["message-with-ack", Buffer.from([1, 2]), 1.5, null];
    ws.send(encode({ type: 2, data: question, options: { compress: true }, id: 0, nsp: "/" }));
    const ack = await message();
    assert.equal(ack.toString("base64"), "hKJpZACkdHlwZQOkZGF0YZPEAgECyz/4AAAAAAAAwKNuc3ChLw==");
    ws.send(encode({ type: 0, data: undefined, nsp: "/no" }));
    assert.deepEqual(decode(await message()), { type: 4, data: { message: "Invalid namespace" }, nsp: "/no" });
  });

  test("what is no msgpack packet closes the connection", async (t) => {
    for (const message of ["40", Buffer.from([0xc1]), encode({ type: 5, data: [], nsp: "/" })]) {
      const { ws } = await raw(t);
      ws.send(message);
      assert.equal((await next(ws, "close"))[0], 1005);
    }
  });
}
