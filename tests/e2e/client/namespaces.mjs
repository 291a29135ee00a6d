// Middleware, and namespaces whose names are patterns.

import assert from "node:assert/strict";
import { test } from "node:test";
import { next, within } from "../server.mjs";

/** All arguments of the answer. */
const ask = (socket, event) =>
  within(new Promise((done) => socket.emit(event, (...args) => done(args))), "answer");

export function namespaces(lab) {
  const connect = (t, nsp, auth) => lab.connect(t, { nsp, auth });

  test("a name that matches is a namespace, with its parameters", async (t) => {
    const ann = await connect(t, "/room-7", { guest: "ann" });
    assert.deepEqual(await ask(ann, "where_am_i"), ["ann", "7"]);
  });

  test("a middleware refuses with message and data, and the client may try again", async (t) => {
    const socket = lab.open(t, { nsp: "/room-7", auth: {} });
    const [error] = await next(socket, "connect_error");
    assert.equal(error.message, "who are you?");
    assert.deepEqual(error.data, { code: 401 });
    assert.equal(socket.active, false, "it does not reconnect by itself");
    socket.auth = { guest: "bob" };
    socket.connect();
    await next(socket, "connect");
    assert.deepEqual(await ask(socket, "where_am_i"), ["bob", "7"]);
  });

  test("an event is refused before its handler, and the socket stays", async (t) => {
    const socket = await connect(t, "/room-7", { guest: "ann" });
    const answer = await socket.emitWithAck("forbidden");
    assert.deepEqual(answer, { error: { message: "not here", data: true } });
    assert.deepEqual(await ask(socket, "where_am_i"), ["ann", "7"]);
  });

  test("a predicate accepts, refuses, or leaves a name unknown", async (t) => {
    const acme = await connect(t, "/tenant/acme");
    assert.deepEqual(await ask(acme, "where_am_i"), ["", "acme"]);
    for (const [nsp, message] of [
      ["/tenant/umbrella", "no such tenant"],
      ["/room-", "Invalid namespace"],
      ["/nowhere", "Invalid namespace"],
    ]) {
      const [error] = await next(lab.open(t, { nsp }), "connect_error");
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
    await ask(acme, "where_am_i");
    assert.deepEqual(astray, []);
  });

  test("several children share a connection", async (t) => {
    const one = await connect(t, "/room-1", { guest: "ann" });
    const two = one.io.socket("/room-2", { auth: { guest: "too" } });
    t.after(() => two.disconnect());
    await next(two, "connect");
    assert.deepEqual(await ask(two, "where_am_i"), ["too", "2"]);
    one.disconnect();
    assert.deepEqual(await ask(two, "where_am_i"), ["too", "2"]);
  });
}
