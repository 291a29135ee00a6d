// Middleware and dynamic namespaces, with the official client.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { io } from "socket.io-client";
import { next, startServer } from "./server.mjs";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

function open(t, nsp, auth, options) {
  const socket = io(server.url + nsp, { transports: ["websocket"], forceNew: true, auth, ...options });
  t.after(() => socket.disconnect());
  return socket;
}

async function connect(t, nsp, auth, options) {
  const socket = open(t, nsp, auth, options);
  await next(socket, "connect");
  return socket;
}

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`a name that matches is a namespace, over ${transports}`, async (t) => {
    const ann = await connect(t, "/room-7", { guest: "ann" }, { transports });
    const answer = await new Promise((done) => ann.emit("where_am_i", (...args) => done(args)));
    assert.deepEqual(answer, ["ann", "7"]);
  });
}

test("a middleware refuses with message and data, and the client may try again", async (t) => {
  const socket = open(t, "/room-7", {});
  const [error] = await next(socket, "connect_error");
  assert.equal(error.message, "who are you?");
  assert.deepEqual(error.data, { code: 401 });
  assert.equal(socket.active, false, "it does not reconnect by itself");
  socket.auth = { guest: "bob" };
  socket.connect();
  await next(socket, "connect");
  assert.equal(await socket.emitWithAck("where_am_i"), "bob");
});

test("an event is refused before its handler, and the socket stays", async (t) => {
  const socket = await connect(t, "/room-7", { guest: "ann" });
  const answer = await socket.emitWithAck("forbidden");
  assert.deepEqual(answer, { error: { message: "not here", data: true } });
  assert.equal(await socket.emitWithAck("where_am_i"), "ann");
});

test("a predicate accepts, refuses, or leaves a name unknown", async (t) => {
  const acme = await connect(t, "/tenant/acme");
  const answer = await new Promise((done) => acme.emit("where_am_i", (...args) => done(args)));
  assert.deepEqual(answer, ["", "acme"]);
  for (const [nsp, message] of [
    ["/tenant/umbrella", "no such tenant"],
    ["/room-", "Invalid namespace"],
    ["/nowhere", "Invalid namespace"],
  ]) {
    const [error] = await next(open(t, nsp), "connect_error");
    assert.equal(error.message, message, nsp);
  }
});

test("a parent reaches all its children, and those alone", async (t) => {
  const ann = await connect(t, "/room-1", { guest: "ann" });
  const bob = await connect(t, "/room-2", { guest: "bob" });
  const acme = await connect(t, "/tenant/acme");
  const astray = [];
  acme.on("told", (text) => astray.push(text));
  const heard = Promise.all([next(ann, "told"), next(bob, "told")]);
  ann.emit("tell_all_rooms", "hello");
  assert.deepEqual(await heard, [["hello"], ["hello"]]);
  await acme.emitWithAck("where_am_i");
  assert.deepEqual(astray, []);
});

test("several children share a connection", async (t) => {
  const one = await connect(t, "/room-1", { guest: "ann" });
  const two = one.io.socket("/room-2", { auth: { guest: "too" } });
  t.after(() => two.disconnect());
  await next(two, "connect");
  assert.equal(await two.emitWithAck("where_am_i"), "too");
  one.disconnect();
  assert.equal(await two.emitWithAck("where_am_i"), "too");
});
