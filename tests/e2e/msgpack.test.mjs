// What is particular to socket.io-msgpack-parser: its values, and its bytes. Everything else the
// official client does with it as well (client/variants.mjs).

import assert from "node:assert/strict";
import { on } from "node:events";
import { after, before, describe, test } from "node:test";
import { io } from "socket.io-client";
import parser from "socket.io-msgpack-parser";
import { WebSocket } from "ws";
import { next, startServer, within } from "./server.mjs";

for (const mode of ["handoff", "body"]) describe(mode, () => scenarios(mode, ["websocket"]));
describe("polling", () => scenarios("handoff", ["polling"]));

function scenarios(mode, transports) {
  let server;
  before(async () => (server = await startServer({ MODE: mode, PARSER: "msgpack" })));
  after(() => server.stop());

  async function connect(t) {
    const socket = io(server.url, { parser, transports, forceNew: true });
    t.after(() => socket.disconnect());
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

  // ---- values

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
