// Connecting: the transport, auth, refusals, several namespaces on one connection.

import assert from "node:assert/strict";
import { test } from "node:test";
import { next } from "../server.mjs";
import { collect, join, settled } from "./lab.mjs";

export function connecting(lab) {
  test("the connection uses the transport that was asked for", async (t) => {
    const { io } = await lab.connect(t);
    assert.equal(io.engine.transport.name, lab.polls ? "polling" : "websocket");
    const compresses = Boolean(lab.options.perMessageDeflate);
    if (!lab.polls) assert.equal(io.engine.transport.ws.extensions, compresses ? "permessage-deflate" : "");
  });

  test("auth as an object, as a function, and none", async (t) => {
    for (const [auth, expected] of [
      [{ token: "123", deep: [1] }, { token: "123", deep: [1] }],
      [(send) => setImmediate(send, { token: "later" }), { token: "later" }],
      [{ token: undefined }, {}],
      [undefined, {}],
    ]) {
      const socket = lab.open(t, { auth });
      assert.deepEqual(await next(socket, "auth"), [expected]);
      assert.match(socket.id, /^[\w-]{20}$/);
      assert.notEqual(socket.id, socket.io.engine.id);
    }
  });

  test("a refused connection carries message and data, and may be tried again", async (t) => {
    const socket = lab.open(t, { nsp: "/private", auth: { user: "ada", token: 1 } });
    const [error] = await next(socket, "connect_error");
    assert.equal(error.message, "not authorized");
    assert.deepEqual(error.data, { code: "E001", user: "ada" });
    assert.equal(socket.active, false);
    socket.auth = { user: "ada", token: 1234 };
    socket.connect();
    assert.deepEqual(await next(socket, "welcome"), ["ada"]);
  });

  test("auth of the wrong type is refused with the field's name", async (t) => {
    for (const [auth, expected] of [
      [{ user: "ada", token: "1234" }, /invalid type.*expected u32/],
      [{ token: 1234 }, /missing field `user`/],
      [undefined, /missing field/],
    ]) {
      const [error] = await next(lab.open(t, { nsp: "/private", auth }), "connect_error");
      assert.match(error.message, expected);
    }
  });

  test("an invalid namespace is refused and the connection goes on", async (t) => {
    const main = await lab.connect(t);
    for (const name of ["/nowhere", "/custom?x=1", "/Custom", "/custom/"]) {
      const socket = main.io.socket(name);
      const [error] = await next(socket, "connect_error");
      assert.equal(error.message, "Invalid namespace");
      assert.equal(socket.active, false);
    }
    assert.equal(await main.emitWithAck("message-with-ack", "still here"), "still here");
  });

  test("namespaces share one connection and nothing else", async (t) => {
    const main = await lab.connect(t);
    const custom = await lab.multiplex(t, main, "/custom");
    assert.notEqual(custom.id, main.id);
    assert.equal((await custom.emitWithAck("whoami")).nsp, "/custom");
    const [onMain, onCustom] = [main, custom].map((socket) => collect(socket, "message-back"));
    main.emit("message", 1);
    custom.emit("message", 2);
    await settled(main, custom);
    assert.deepEqual([onMain, onCustom], [[[1]], [[2]]]);
    const room = lab.newRoom();
    await join(room, main, custom);
    const [toMain, toCustom] = [main, custom].map((socket) => collect(socket, "news"));
    await custom.emitWithAck("cast", { to: [room], from_all: true, event: "news" });
    await settled(main, custom);
    assert.deepEqual([toMain, toCustom], [[], [[]]]);
    custom.disconnect();
    await settled(main);
    custom.connect();
    await next(custom, "connect");
    await settled(main, custom);
  });

  test("the handshake's query reaches the server", async (t) => {
    const socket = await lab.connect(t, { query: { room: "a b&c" } });
    const { query, id, secure, recovered } = await socket.emitWithAck("whoami");
    assert.equal(new URLSearchParams(query).get("room"), "a b&c");
    assert.equal(id, socket.id);
    assert.deepEqual([secure, recovered], [false, false]);
  });
}
