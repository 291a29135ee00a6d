// The official client against the test server, over both ways in which it serves WebSockets.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { freePort, next, startServer, within } from "./server.mjs";

const LIMIT = 1_000_000; // bytes of one message

for (const mode of ["handoff", "body"]) describe(mode, () => scenarios(mode));

function scenarios(mode) {
  let shared;
  before(async () => (shared = await startServer({ MODE: mode })));
  after(() => shared.stop());

  const own = async (t, options) => {
    const server = await startServer({ MODE: mode, ...options });
    t.after(() => server.stop());
    return server;
  };

  /** A socket on a connection of its own, connected. */
  async function connect(t, { server = shared, nsp = "/", ...options } = {}) {
    const socket = open(t, { server, nsp, ...options });
    await next(socket, "connect");
    return socket;
  }

  function open(t, { server = shared, nsp = "/", ...options } = {}) {
    const socket = io(server.url + nsp, {
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 50,
      ...options,
    });
    t.after(() => socket.disconnect());
    return socket;
  }

  /** A second namespace on the connection of a socket. */
  async function multiplex(t, socket, nsp) {
    const other = socket.io.socket(nsp);
    t.after(() => other.disconnect());
    await next(other, "connect");
    return other;
  }

  const raw = (socket) => socket.io.engine.transport.ws;
  /** Why the server says that a socket has gone; to be asked for before it goes. */
  const gone = (observer, { id }) =>
    within(
      new Promise((resolve) => {
        observer.on("gone", (socket, reason) => socket === id && resolve(reason));
      }),
      `"gone" of ${id}`,
    );
  const join = (room, ...sockets) =>
    Promise.all(sockets.map((socket) => socket.emitWithAck("join", room)));
  /** Collects the arguments of an event. */
  function collect(socket, event) {
    const seen = [];
    socket.on(event, (...args) => seen.push(args));
    return seen;
  }
  /** A round trip: what these sockets sent, and what the server answered to it, has arrived. */
  const settled = (...sockets) => Promise.all(sockets.map((s) => s.emitWithAck("message-with-ack")));
  /** What the sender had the server emit has arrived at these sockets: one sender's order holds. */
  async function delivered(sender, ...sockets) {
    const marked = Promise.all(sockets.map((socket) => next(socket, "mark")));
    const to = sockets.map((socket) => socket.id);
    await sender.emitWithAck("cast", { to, from_all: true, event: "mark" });
    await marked;
  }
  let rooms = 0;
  const newRoom = () => `room ${++rooms}`;

  // ---- connecting

  test("auth as an object, as a function, and none", async (t) => {
    for (const [auth, expected] of [
      [{ token: "123", deep: [1] }, { token: "123", deep: [1] }],
      [(send) => setImmediate(send, { token: "later" }), { token: "later" }],
      [undefined, {}],
    ]) {
      const socket = open(t, { auth });
      assert.deepEqual(await next(socket, "auth"), [expected]);
      assert.match(socket.id, /^[\w-]{20}$/);
      assert.notEqual(socket.id, socket.io.engine.id);
    }
  });

  test("a refused connection carries message and data, and may be tried again", async (t) => {
    const socket = open(t, { nsp: "/private", auth: { user: "ada", token: 1 } });
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
      const [error] = await next(open(t, { nsp: "/private", auth }), "connect_error");
      assert.match(error.message, expected);
    }
  });

  test("an invalid namespace is refused and the connection goes on", async (t) => {
    const main = await connect(t);
    for (const name of ["/nowhere", "/custom?x=1", "/Custom", "/custom/"]) {
      const socket = main.io.socket(name);
      const [error] = await next(socket, "connect_error");
      assert.equal(error.message, "Invalid namespace");
      assert.equal(socket.active, false);
    }
    assert.equal(await main.emitWithAck("message-with-ack", "still here"), "still here");
  });

  test("namespaces share one connection and nothing else", async (t) => {
    const main = await connect(t);
    const custom = await multiplex(t, main, "/custom");
    assert.notEqual(custom.id, main.id);
    assert.equal((await custom.emitWithAck("whoami")).nsp, "/custom");
    const [onMain, onCustom] = [main, custom].map((socket) => collect(socket, "message-back"));
    main.emit("message", 1);
    custom.emit("message", 2);
    await settled(main, custom);
    assert.deepEqual([onMain, onCustom], [[[1]], [[2]]]);
    const room = newRoom();
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
    const socket = await connect(t, { query: { room: "a b&c" } });
    const { query, id, secure } = await socket.emitWithAck("whoami");
    assert.equal(new URLSearchParams(query).get("room"), "a b&c");
    assert.equal(id, socket.id);
    assert.equal(secure, false);
  });

  // ---- events and acks

  test("events arrive in order with all their arguments", async (t) => {
    const socket = await connect(t);
    const seen = collect(socket, "message-back");
    const sent = [[], [1, "2", { 3: [true, null, { four: 4.5 }] }], [null], [[], {}]];
    for (const args of sent) socket.emit("message", ...args);
    await settled(socket);
    assert.deepEqual(seen, sent);
    const numbers = collect(socket, "number");
    socket.emit("count", 1_000);
    await settled(socket);
    assert.deepEqual(numbers.flat(), [...Array(1_000).keys()]);
  });

  test("the server answers: callback, promise, with a timeout", async (t) => {
    const socket = await connect(t);
    const answered = new Promise((resolve) => {
      socket.emit("message-with-ack", 1, "2", { 3: [false] }, (...args) => resolve(args));
    });
    assert.deepEqual(await within(answered, "answer"), [1, "2", { 3: [false] }]);
    assert.equal(await socket.emitWithAck("message-with-ack", "one"), "one");
    assert.equal(await socket.timeout(10_000).emitWithAck("message-with-ack", "two"), "two");
    assert.equal(await socket.emitWithAck("join", newRoom()), undefined);
    const many = Array.from({ length: 200 }, (_, n) => socket.emitWithAck("message-with-ack", n));
    assert.deepEqual(await within(Promise.all(many), "answers"), [...Array(200).keys()]);
  });

  test("an event that nobody handles is not answered", async (t) => {
    const socket = await connect(t);
    const unheard = socket.timeout(50).emitWithAck("nobody listens");
    await assert.rejects(unheard, { message: "operation has timed out" });
    await settled(socket);
  });

  test("a payload that does not fit is refused by name and field", async (t) => {
    const socket = await connect(t);
    const { error } = await socket.emitWithAck("ask_me", { question: 1, timeout: "soon" });
    assert.match(error.message, /ask_me.*timeout/);
    const refused = await socket.emitWithAck("refuse", "not today");
    assert.deepEqual(refused, { error: { message: "not today", data: [1, 2] } });
    await settled(socket);
  });

  test("the client answers the server, in time or not", async (t) => {
    const socket = await connect(t);
    const late = [];
    socket.on("question", (value, answer) => (value === "?" ? late.push(answer) : answer({ value })));
    const ask = (question, timeout) => socket.emitWithAck("ask_me", { question, timeout });
    assert.deepEqual(await ask("how are you", 10_000), {
      answers: [{ value: "how are you" }],
      error: null,
    });
    assert.deepEqual(await ask("?", 50), { answers: [], error: "operation has timed out" });
    late.pop()("too late"); // goes nowhere
    await settled(socket);
    socket.off("question").on("question", (value, answer) => answer(value, "a second is ignored"));
    assert.deepEqual((await ask(1, 10_000)).answers, [1]);
  });

  test("a whole room answers", async (t) => {
    const [ada, ben, eve] = await Promise.all([1, 2, 3].map(() => connect(t)));
    const room = newRoom();
    await join(room, ada, ben);
    for (const socket of [ada, ben, eve]) socket.on("question", (n, answer) => answer(n + socket.id));
    const ask = (timeout) => ada.emitWithAck("ask_room", { room, question: "I am ", timeout });
    const { answers, error } = await ask(10_000);
    assert.equal(error, null);
    assert.deepEqual(answers.sort(), [`I am ${ada.id}`, `I am ${ben.id}`].sort());
    ben.off("question");
    assert.deepEqual(await ask(50), { answers: [`I am ${ada.id}`], error: "incomplete" });
    assert.deepEqual(await ada.emitWithAck("ask_room", { room: "empty", question: 1, timeout: 10_000 }), {
      answers: [],
      error: null,
    });
  });

  // ---- binary

  test("binary both ways, nested, in acks, and in between text", async (t) => {
    const socket = await connect(t);
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
    const socket = await connect(t);
    const bytes = Uint8Array.from([1, 2, 3, 4]);
    const sent = [bytes.buffer, bytes.subarray(1, 3)];
    const answer = new Promise((resolve) => {
      socket.emit("message-with-ack", ...sent, (...args) => resolve(args));
    });
    assert.deepEqual(await within(answer, "answer"), [Buffer.from([1, 2, 3, 4]), Buffer.from([2, 3])]);
  });

  test("binary to a room", async (t) => {
    const [ada, ben] = await Promise.all([connect(t), connect(t)]);
    const room = newRoom();
    await join(room, ben);
    const seen = collect(ben, "file");
    const content = Buffer.from([1, 2, 3]);
    await ada.emitWithAck("cast", { to: [room], event: "file", args: ["a.bin", { content }] });
    await delivered(ada, ben);
    assert.deepEqual(seen, [["a.bin", { content }]]);
  });

  // ---- rooms

  test("rooms, unions and exceptions reach each socket once", async (t) => {
    const [ada, ben, eve] = await Promise.all([1, 2, 3].map(() => connect(t)));
    const all = [ada, ben, eve];
    const [a, b, c] = [newRoom(), newRoom(), newRoom()];
    await join(a, ada, ben);
    await join(b, ben, eve);
    await join(c, eve);
    const seen = all.map((socket) => collect(socket, "news"));
    const cast = async (options) => {
      for (const list of seen) list.length = 0;
      await ada.emitWithAck("cast", { event: "news", ...options });
      await delivered(ada, ...all);
      return seen.map((list) => list.length);
    };
    assert.deepEqual(await cast({ to: [a] }), [0, 1, 0], "without the sender");
    assert.deepEqual(await cast({ to: [a], from_all: true }), [1, 1, 0]);
    assert.deepEqual(await cast({ to: [a, b] }), [0, 1, 1], "who is in both gets it once");
    assert.deepEqual(await cast({ to: [a, b], from_all: true }), [1, 1, 1]);
    assert.deepEqual(await cast({ to: [a, b], except: [c], from_all: true }), [1, 1, 0]);
    assert.deepEqual(await cast({ to: [a], except: [b], from_all: true }), [1, 0, 0]);
    assert.deepEqual(await cast({ to: [eve.id] }), [0, 0, 1], "the private room");
    assert.deepEqual(await cast({ to: [b], except: [eve.id] }), [0, 1, 0]);
    assert.deepEqual(await cast({ to: ["nobody is here"] }), [0, 0, 0]);
    assert.deepEqual(await cast({}), [0, 1, 1], "everyone else");
    assert.deepEqual(await cast({ except: [c] }), [0, 1, 0]);
    assert.deepEqual(await cast({ to: [a, b], volatile: true }), [0, 1, 1], "all are writable");
    await ben.emitWithAck("leave", b);
    assert.deepEqual(await cast({ to: [b] }), [0, 0, 1]);
  });

  test("the server knows who is in which room, also after they have gone", async (t) => {
    const [ada, ben] = await Promise.all([connect(t), connect(t)]);
    const [a, b] = [newRoom(), newRoom()];
    await join(a, ada, ben);
    await join(b, ben);
    assert.deepEqual((await ben.emitWithAck("whoami")).rooms.sort(), [a, b]);
    const fetch = async () =>
      (await ada.emitWithAck("fetch", a)).map(({ id, rooms }) => [id, rooms.sort()]).sort();
    assert.deepEqual(await fetch(), [[ada.id, [a]], [ben.id, [a, b]]].sort());
    const left = gone(ada, ben);
    ben.disconnect();
    await left;
    assert.deepEqual(await fetch(), [[ada.id, [a]]]);
  });

  test("messages of one sender keep their order for all others", async (t) => {
    const [ada, ben, eve] = await Promise.all([1, 2, 3].map(() => connect(t)));
    const room = newRoom();
    await join(room, ben, eve);
    const seen = [ben, eve].map((socket) => collect(socket, "news"));
    for (let n = 0; n < 500; n++) ada.emit("cast", { to: [room], event: "news", args: [n] });
    await delivered(ada, ben, eve);
    for (const list of seen) assert.deepEqual(list.flat(), [...Array(500).keys()]);
  });

  test("volatile events and catch-all listeners", async (t) => {
    const socket = await connect(t);
    const seen = [];
    socket.onAny((event, ...args) => seen.push([event, ...args]));
    socket.volatile.emit("message", "as long as it is writable");
    await next(socket, "message-back");
    await socket.emitWithAck("cast", { volatile: true, from_all: true, to: [socket.id], event: "any name" });
    await settled(socket);
    assert.deepEqual(seen, [["message-back", "as long as it is writable"], ["any name"]]);
  });

  // ---- texts and sizes

  test("all of Unicode, in names of events and rooms too", async (t) => {
    const socket = await connect(t);
    const text = 'é ß 日本語 😀 \u0000 \u001e \u2028 \u{10ffff} "\\" </script>';
    assert.equal(await socket.emitWithAck("message-with-ack", text), text);
    const seen = collect(socket, text);
    await join(text, socket);
    await socket.emitWithAck("cast", { to: [text], from_all: true, event: text, args: [{ [text]: 1 }] });
    await settled(socket);
    assert.deepEqual(seen, [[{ [text]: 1 }]]);
  });

  test("messages up to the limit pass", async (t) => {
    const socket = await connect(t);
    const text = "x".repeat(LIMIT - '42["message",""]'.length);
    socket.emit("message", text);
    assert.ok((await next(socket, "message-back"))[0] === text);
    const bytes = Buffer.alloc(LIMIT, 7);
    socket.emit("message", bytes);
    assert.ok((await next(socket, "message-back"))[0].equals(bytes));
  });

  for (const [what, args] of Object.entries({
    text: ["x".repeat(LIMIT - '42["message",""]'.length + 1)],
    "an attachment": [Buffer.alloc(LIMIT + 1)],
  })) {
    test(`${what} beyond the limit costs the connection`, async (t) => {
      const [observer, socket] = await Promise.all([connect(t), connect(t, { reconnection: false })]);
      const reason = gone(observer, socket);
      const lost = next(socket, "disconnect");
      const closed = next(raw(socket), "close");
      socket.emit("message", ...args);
      assert.equal(await reason, "transport error");
      assert.match((await lost)[0], /^transport (close|error)$/);
      assert.equal((await closed)[0], 1009);
    });
  }

  // ---- disconnecting

  test("the client leaves", async (t) => {
    const [observer, socket] = await Promise.all([connect(t), connect(t)]);
    const reason = gone(observer, socket);
    const lost = next(socket, "disconnect");
    socket.disconnect();
    assert.equal((await lost)[0], "io client disconnect");
    assert.equal(await reason, "client namespace disconnect");
    assert.equal(socket.active, false);
  });

  test("the server disconnects one namespace; the client does not come back", async (t) => {
    const [observer, main] = await Promise.all([connect(t), connect(t)]);
    const custom = await multiplex(t, main, "/custom");
    const attempts = collect(main.io, "reconnect_attempt");
    const reason = gone(observer, main);
    const lost = next(main, "disconnect");
    main.emit("disconnect_me", false);
    assert.equal((await lost)[0], "io server disconnect");
    assert.equal(await reason, "server namespace disconnect");
    assert.equal(main.active, false);
    await settled(custom);
    main.connect();
    await next(main, "connect");
    await settled(main, custom);
    assert.deepEqual(attempts, []);
  });

  test("the server disconnects all namespaces", async (t) => {
    const [observer, observerOfCustom] = await Promise.all([connect(t), connect(t, { nsp: "/custom" })]);
    const main = await connect(t);
    const custom = await multiplex(t, main, "/custom");
    const attempts = collect(main.io, "reconnect_attempt");
    const reasons = Promise.all([gone(observer, main), gone(observerOfCustom, custom)]);
    const lost = Promise.all([next(main, "disconnect"), next(custom, "disconnect")]);
    const closed = next(main.io.engine, "close");
    main.emit("disconnect_me", true);
    assert.deepEqual((await lost).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
    assert.deepEqual(await reasons, ["server namespace disconnect", "server namespace disconnect"]);
    await closed;
    assert.deepEqual([main.active, custom.active], [false, false]);
    await settled(observer);
    assert.deepEqual(attempts, []);
  });

  test("the server disconnects a whole room", async (t) => {
    const [ada, ben, eve] = await Promise.all([1, 2, 3].map(() => connect(t)));
    const room = newRoom();
    await join(room, ada, ben, eve);
    const lost = Promise.all([next(ben, "disconnect"), next(eve, "disconnect")]);
    await ada.emitWithAck("disconnect_room", room, true);
    assert.deepEqual((await lost).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
    await settled(ada);
  });

  test("a lost connection comes back by itself", async (t) => {
    const [observer, socket] = await Promise.all([connect(t), connect(t)]);
    const { id } = socket;
    const reason = gone(observer, socket);
    const lost = next(socket, "disconnect");
    raw(socket).terminate();
    assert.equal((await lost)[0], "transport close");
    assert.match(await reason, /^transport (close|error)$/);
    assert.equal(socket.active, true);
    await next(socket, "connect");
    assert.notEqual(socket.id, id);
    await settled(socket);
  });

  for (const [what, packet, expected] of [
    ["Engine.IO", "abc", "parse error"],
    ["Socket.IO", "4abc", "forced close"],
  ]) {
    test(`an invalid ${what} packet costs the connection, which comes back`, async (t) => {
      const [observer, socket] = await Promise.all([connect(t), connect(t)]);
      const reason = gone(observer, socket);
      const lost = next(socket, "disconnect");
      raw(socket).send(packet);
      assert.equal((await lost)[0], "transport close");
      assert.equal(await reason, expected);
      await next(socket, "connect");
      await settled(socket);
    });
  }

  test("a panic in a handler costs that socket alone", async (t) => {
    const [other, main] = await Promise.all([connect(t), connect(t)]);
    const custom = await multiplex(t, main, "/custom");
    const lost = next(main, "disconnect");
    main.emit("panic");
    assert.equal((await lost)[0], "io server disconnect");
    await settled(custom, other);
    main.connect();
    await next(main, "connect");
    await settled(main);
  });

  // ---- time and restarts

  test("heartbeats keep idle connections", async (t) => {
    const server = await own(t, { PING_INTERVAL: "50", PING_TIMEOUT: "5000" });
    const sockets = await Promise.all([1, 2].map(() => connect(t, { server })));
    const lost = sockets.map((socket) => collect(socket, "disconnect"));
    for (let round = 0; round < 6; round++) {
      await Promise.all(sockets.map((socket) => next(socket.io, "ping")));
    }
    await settled(...sockets);
    assert.deepEqual(lost, [[], []]);
  });

  test("a client that does not answer is cut with the reason", async (t) => {
    const server = await own(t, { PING_INTERVAL: "300", PING_TIMEOUT: "2000" });
    const observer = await connect(t, { server });
    const silent = new WebSocket(`${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    t.after(() => silent.terminate());
    const closed = next(silent, "close");
    const connected = new Promise((resolve) => {
      silent.on("message", (data) => {
        const [, sid] = /^40\{"sid":"(.*)"\}$/.exec(String(data)) ?? [];
        if (sid) resolve({ id: sid });
      });
    });
    await next(silent, "open");
    silent.send("40");
    const reason = gone(observer, await within(connected, "connect"));
    assert.equal(await reason, "ping timeout");
    await closed;
    await settled(observer);
  });

  test("a server that falls silent is left, and found again", async (t) => {
    const server = await own(t, { PING_INTERVAL: "200", PING_TIMEOUT: "500" });
    const socket = await connect(t, { server, timeout: 1_000 });
    const lost = next(socket, "disconnect");
    server.signal("SIGSTOP");
    assert.equal((await lost)[0], "ping timeout");
    server.signal("SIGCONT");
    await next(socket, "connect");
    await settled(socket);
  });

  for (const signal of ["SIGKILL", "SIGTERM"]) {
    test(`reconnection after a restart (${signal}), with what was emitted meanwhile`, async (t) => {
      const PORT = String(await freePort());
      const first = await own(t, { PORT });
      const sockets = await Promise.all([1, 2].map(() => connect(t, { server: first })));
      const ids = sockets.map((socket) => socket.id);
      const lost = Promise.all(sockets.map((socket) => next(socket, "disconnect")));
      const [code, by] = await first.stop(signal);
      assert.deepEqual([code, by], signal === "SIGTERM" ? [0, null] : [null, "SIGKILL"]);
      assert.deepEqual((await lost).map(([reason]) => reason), ["transport close", "transport close"]);
      const answers = sockets.map((socket, n) => socket.emitWithAck("message-with-ack", n));
      await own(t, { PORT });
      assert.deepEqual(await within(Promise.all(answers), "answers"), [0, 1]);
      assert.ok(sockets.every((socket) => socket.connected && !ids.includes(socket.id)));
    });
  }
}
