// The chat example from outside: its command line, its files, and what it says to a client.
// CHAT_BIN names its binary.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { io } from "socket.io-client";
import { next, until, within } from "../waiting.mjs";

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

async function enter(t, chat, nick) {
  const socket = open(t, chat, { nick });
  await next(socket, "connect");
  return socket;
}

test("help, and mistakes on the command line", async (t) => {
  const help = run(t, "--help");
  assert.equal((await help.end())[0], 0);
  assert.match(help.out, /--port/);
  for (const [args, expected] of [
    [["--port"], /Usage: chat \[--port PORT\]/],
    [["--port", "x"], /a port is 0 to 65535/],
    [["--colour"], /Usage: chat \[--port PORT\]/],
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
  const expected = `Error: "port ${port} (choose another with --port): Address already in use`;
  assert.ok(second.err.startsWith(expected), second.err);
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
  const page = await (await fetch(url)).text();
  assert.match(page, /<meta http-equiv="Content-Security-Policy" content="default-src 'self';/);
  assert.equal((await fetch(`${url}/secret.txt`)).status, 404);
});

test("RUST_LOG says what is logged", async (t) => {
  t.after(() => delete process.env.RUST_LOG);
  process.env.RUST_LOG = "info,roomcast::server=debug";
  const chat = await start(t);
  assert.equal((await fetch(`${chat.url}/socket.io/?EIO=3&transport=polling`)).status, 400);
  chat.kill("SIGTERM");
  await chat.end();
  assert.match(chat.err, /DEBUG.* handshake refused .*Unsupported protocol version/);
  process.env.RUST_LOG = "roomcast=all";
  const mistaken = run(t, "--port", "0");
  await mistaken.end();
  assert.match(mistaken.err, /RUST_LOG: error parsing level filter/);
});

test("two people talk, and a third reads it later", async (t) => {
  const chat = await start(t);
  const [ada, ben] = [await enter(t, chat, "Ada"), await enter(t, chat, "Ben")];
  const first = await ada.emitWithAck("join", { room: "tea" });
  assert.deepEqual(first, { members: ["Ada"], history: [], seq: 0 });
  const [joined, list] = [next(ada, "joined"), next(ada, "rooms")];
  const second = await ben.emitWithAck("join", { room: "tea" });
  assert.deepEqual(second.members, ["Ada", "Ben"]);
  assert.deepEqual(await joined, ["tea", "Ben"]);
  assert.deepEqual(await list, [{ tea: 2 }]);

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
  assert.deepEqual(await left, ["tea", "Ben"]);
  const gone = next(ben, "rooms");
  ada.disconnect();
  assert.deepEqual(await gone, [{ tea: 0 }]);
  assert.deepEqual(await next(open(t, chat, { nick: "Carl" }), "rooms"), [{ tea: 0 }]);
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
    ["x".repeat(25), "nick_invalid"],
  ]) {
    const [error] = await next(open(t, chat, { nick }), "connect_error");
    assert.equal(error.message, reason);
  }
  const witness = await enter(t, chat, "日本語 😀");
  await witness.emitWithAck("join", { room: "tea" });
  await ada.emitWithAck("join", { room: "tea" });
  const left = next(witness, "left");
  ada.disconnect();
  await left;
  await enter(t, chat, "Ada");
});

test("limits, and rooms that one is not in", async (t) => {
  const chat = await start(t);
  const ada = await enter(t, chat, "Ada");
  const refused = async (event, payload) => {
    const { error } = await ada.emitWithAck(event, payload);
    assert.match(error?.message ?? "", /\.$/, `${event} is refused with a sentence`);
  };
  await refused("say", { room: "tea", text: "from outside" });
  for (const room of ["", " a", "x".repeat(33)]) await refused("join", { room });
  for (let n = 0; n < 250; n++) assert.ok((await ada.emitWithAck("join", { room: `room ${n}` })).members);
  await refused("join", { room: "one more" });
  for (const text of [" ", "x".repeat(2_001)]) await refused("say", { room: "room 1", text });
  assert.equal((await ada.emitWithAck("say", { room: "room 1", text: "😀".repeat(2_000) })).seq, 1);
  await refused("typing", { room: "one more", active: true });

  // A room that nobody is in makes place for a new one.
  await ada.emitWithAck("leave", { room: "room 2" });
  assert.ok((await ada.emitWithAck("join", { room: "one more" })).members);
  await refused("join", { room: "room 2" });
});

test("only who was in a room can leave it", async (t) => {
  const chat = await start(t);
  const [ada, ben] = [await enter(t, chat, "Ada"), await enter(t, chat, "Ben")];
  await ada.emitWithAck("join", { room: "tea" });
  const told = [];
  ada.onAny((...event) => told.push(event));
  await ben.emitWithAck("leave", { room: "tea" });
  await ben.emitWithAck("join", { room: "tea" });
  await ben.emitWithAck("join", { room: "tea" }); // again, as when catching up
  await ben.emitWithAck("say", { room: "tea", text: "hi" });
  await until("ada is told", () => told.at(-1)?.[0] === "message");
  assert.deepEqual(told.map(([name]) => name), ["joined", "rooms", "message"]);
});
