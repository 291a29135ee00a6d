// The chat example from outside: its command line, its files, and what it says to a client.
// CHAT_BIN names its binary.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { io } from "socket.io-client";
import { next, within } from "./server.mjs";

const { CHAT_BIN } = process.env;

/** Runs the chat, from a directory of no meaning. */
function run(t, ...args) {
  assert.ok(CHAT_BIN, "CHAT_BIN must name the chat's binary");
  const child = spawn(CHAT_BIN, args, { cwd: tmpdir(), stdio: ["ignore", "pipe", "pipe"] });
  const chat = { out: "", err: "", kill: (signal) => child.kill(signal) };
  child.stdout.on("data", (data) => (chat.out += data));
  child.stderr.on("data", (data) => (chat.err += data));
  const lines = createInterface({ input: child.stdout });
  chat.firstLine = new Promise((resolve) => lines.once("line", resolve));
  const closed = once(child, "close");
  chat.end = () => within(closed, "end of the chat");
  t.after(() => {
    child.kill("SIGKILL");
    return chat.end();
  });
  return chat;
}

async function start(t, ...args) {
  const chat = run(t, "--port", "0", ...args);
  const line = await within(chat.firstLine, "line that it listens");
  chat.url = /^chat listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1];
  assert.ok(chat.url, line);
  return chat;
}

function open(t, { url }, auth) {
  const socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false, auth });
  t.after(() => socket.disconnect());
  return socket;
}

async function enter(t, chat, nick, token) {
  const socket = open(t, chat, { nick, token });
  await next(socket, "connect");
  return socket;
}

test("help, and mistakes on the command line", async (t) => {
  const help = run(t, "--help");
  assert.equal((await help.end())[0], 0);
  assert.match(help.out, /--port.*--host/);
  for (const [args, expected] of [
    [["--port"], /--port needs a value/],
    [["--port", "x"], /port/],
    [["--colour"], /--colour/],
  ]) {
    const chat = run(t, ...args);
    assert.equal((await chat.end())[0], 1);
    assert.match(chat.err, expected);
    assert.equal(chat.out, "");
  }
});

test("a port that is taken is named", async (t) => {
  const { port } = new URL((await start(t)).url);
  const second = run(t, "--port", port);
  assert.equal((await second.end())[0], 1);
  assert.equal(second.err, `chat: port ${port} is taken; choose another with --port\n`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  test(`${signal} ends it in good order`, async (t) => {
    const chat = await start(t);
    const ada = await enter(t, chat, "Ada");
    const lost = next(ada, "disconnect");
    chat.kill(signal);
    assert.equal((await lost)[0], "transport close");
    assert.deepEqual(await chat.end(), [0, null]);
    assert.equal(chat.out, `chat listening on ${chat.url}\n`);
  });
}

test("the page and its files", async (t) => {
  const { url } = await start(t);
  for (const [path, type] of [
    ["/", "text/html; charset=utf-8"],
    ["/chat.js", "text/javascript; charset=utf-8"],
    ["/style.css", "text/css; charset=utf-8"],
    ["/socket.io/client.js", "application/javascript; charset=utf-8"],
  ]) {
    const response = await fetch(url + path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("content-type"), type);
    assert.notEqual(await response.text(), "");
  }
  const policy = (await fetch(url)).headers.get("content-security-policy");
  assert.match(policy, /default-src 'self'/);
});

test("two people talk, and a third reads it later", async (t) => {
  const chat = await start(t);
  const [ada, ben] = [await enter(t, chat, "Ada"), await enter(t, chat, "Ben")];
  const first = await ada.emitWithAck("join", { room: "tea" });
  assert.deepEqual(first, { room: "tea", members: ["Ada"], history: [], seq: 0 });
  const [joined, list] = [next(ada, "joined"), next(ada, "rooms")];
  const second = await ben.emitWithAck("join", { room: "tea" });
  assert.deepEqual(second.members, ["Ada", "Ben"]);
  assert.deepEqual(await joined, [{ room: "tea", nick: "Ben" }]);
  assert.deepEqual(await list, [{ rooms: [{ name: "tea", members: 2 }] }]);

  const [heard, typing] = [next(ben, "message"), next(ben, "typing")];
  ada.emit("typing", { room: "tea", active: true, nick: "Eve" });
  assert.deepEqual(await typing, [{ room: "tea", nick: "Ada", active: true }]);
  const { seq, at } = await ada.emitWithAck("say", { room: "tea", text: "hi" });
  assert.equal(seq, 1);
  assert.ok(Math.abs(Date.now() - at) < 60_000);
  const message = { room: "tea", seq, from: "Ada", text: "hi", at };
  assert.deepEqual(await heard, [message]);

  const left = next(ada, "left");
  await ben.emitWithAck("leave", { room: "tea" });
  assert.deepEqual(await left, [{ room: "tea", nick: "Ben" }]);
  const gone = next(ben, "rooms");
  ada.disconnect();
  assert.deepEqual(await gone, [{ rooms: [] }]);
  assert.deepEqual(await ben.emitWithAck("rooms", {}), { rooms: [] });
  const again = await ben.emitWithAck("join", { room: "tea" });
  assert.deepEqual([again.members, again.history], [["Ben"], [message]]);
});

test("who comes back gets what was missed, at most the last 50", async (t) => {
  const chat = await start(t);
  const ada = await enter(t, chat, "Ada");
  await ada.emitWithAck("join", { room: "tea" });
  for (let n = 1; n <= 60; n++) await ada.emitWithAck("say", { room: "tea", text: `${n}` });
  const seqs = async (after) => {
    const { history, seq } = await ada.emitWithAck("join", { room: "tea", after });
    assert.equal(seq, 60);
    return history.map((message) => message.seq);
  };
  assert.deepEqual(await seqs(58), [59, 60]);
  assert.deepEqual(await seqs(60), []);
  assert.deepEqual(await seqs(undefined), Array.from({ length: 50 }, (_, n) => n + 11));
});

test("names that are taken or cannot be are refused, and free again in the end", async (t) => {
  const chat = await start(t);
  const ada = await enter(t, chat, "Ada");
  for (const [nick, reason] of [
    ["Ada", "nick_taken"],
    ["", "nick_invalid"],
    [" Ada", "nick_invalid"],
    ["A\u200bda", "nick_invalid"],
    ["x".repeat(25), "nick_invalid"],
  ]) {
    const [error] = await next(open(t, chat, { nick }), "connect_error");
    assert.equal(error.message, reason);
    assert.equal(error.data.reason, reason);
    assert.match(error.data.text, /\.$/);
  }
  const witness = await enter(t, chat, "日本語 😀");
  await witness.emitWithAck("join", { room: "tea" });
  await ada.emitWithAck("join", { room: "tea" });
  const left = next(witness, "left");
  ada.disconnect();
  await left;
  await enter(t, chat, "Ada");
});

test("a page takes its name over from its own dead connection, and nobody else can", async (t) => {
  const chat = await start(t);
  const before = await enter(t, chat, "Ada", "secret");
  const ben = await enter(t, chat, "Ben");
  for (const socket of [before, ben]) await socket.emitWithAck("join", { room: "tea" });
  for (const token of [undefined, "", "guessed"]) {
    const [error] = await next(open(t, chat, { nick: "Ada", token }), "connect_error");
    assert.equal(error.message, "nick_taken");
  }
  const lost = next(before, "disconnect");
  const left = next(ben, "left");
  const after = await enter(t, chat, "Ada", "secret");
  await Promise.all([lost, left]);
  const joined = next(ben, "joined");
  assert.deepEqual((await after.emitWithAck("join", { room: "tea" })).members, ["Ada", "Ben"]);
  assert.deepEqual(await joined, [{ room: "tea", nick: "Ada" }]);
});

test("limits, and rooms that one is not in", async (t) => {
  const ada = await enter(t, await start(t), "Ada");
  const refused = async (event, payload) => {
    const { error } = await ada.emitWithAck(event, payload);
    assert.match(error?.message ?? "", /\.$/, `${event} is refused with a sentence`);
  };
  await refused("say", { room: "tea", text: "from outside" });
  for (const room of ["", "x".repeat(33), "a\u0000"]) await refused("join", { room });
  for (let n = 0; n < 20; n++) assert.ok((await ada.emitWithAck("join", { room: `room ${n}` })).members);
  await refused("join", { room: "one more" });
  for (const text of [" ", "x".repeat(2_001)]) await refused("say", { room: "room 1", text });
  assert.equal((await ada.emitWithAck("say", { room: "room 1", text: "😀".repeat(2_000) })).seq, 1);
});
