// What the guide's tutorial promises of each step: its program with Socket.IO's own client, its page in a browser.
// GUIDE_BIN names the folder of the program.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { launch, newPage } from "./browser.mjs";
import { Process, until } from "./deploy/process.mjs";
import { freePort, next } from "./server.mjs";

const { GUIDE_BIN } = process.env;
const NGINX = fileURLToPath(new URL("../../guide/samples/src/tutorial/step_10/nginx.conf", import.meta.url));
const LISTENING = /^listening on (http:\S+)$/m;

let browser;

before(async () => {
  assert.ok(GUIDE_BIN, "GUIDE_BIN must name the folder of the tutorial's program");
  browser = await launch();
});

after(() => browser?.close());

/** The chat after a step, stopped with the test. */
async function start(t, step, env = {}, address = "127.0.0.1:0") {
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const chat = new Process("env", ...set, path.join(GUIDE_BIN, "tutorial"), address, String(step));
  t.after(() => chat.stop("SIGKILL"));
  await chat.prints(LISTENING);
  return Object.assign(chat, { url: LISTENING.exec(chat.output)[1] });
}

async function startRedis(t, folder) {
  const port = await freePort();
  const redis = new Process("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", folder);
  t.after(() => redis.stop("SIGKILL"));
  await redis.prints(/Ready to accept connections/);
  return { REDIS_URL: `redis://127.0.0.1:${port}/` };
}

function newFolder(t) {
  const folder = mkdtempSync(path.join(tmpdir(), "tutorial-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755); // nginx's workers are another user's
  return folder;
}

/** A client that is connected, and what it has heard: of each event its name and its first argument. */
async function enter(t, url, auth, options) {
  const socket = io(url, { auth, forceNew: true, reconnectionDelay: 20, transports: ["websocket"], ...options });
  t.after(() => socket.disconnect());
  const heard = [];
  socket.onAny((name, first) => heard.push([name, first]));
  await next(socket, "connect");
  return { socket, heard, lines: () => heard.filter(([name]) => name === "said").map(([, { text }]) => text) };
}

/** Its connection is gone, and it waits until it is told to come back. */
function lose({ socket }) {
  socket.io.reconnection(false);
  socket.io.engine.close();
}

async function comeBack({ socket }, url) {
  socket.io.uri = url;
  const connected = next(socket, "connect");
  socket.connect();
  await connected;
}

async function refusal(t, url, auth) {
  const socket = io(url, { auth, forceNew: true, transports: ["websocket"] });
  t.after(() => socket.disconnect());
  const [error] = await next(socket, "connect_error");
  return error.message;
}

/** Waits until a client has heard exactly this. */
async function hears({ heard }, ...expected) {
  await until(`${expected.length} events, not ${JSON.stringify(heard)}`, () => heard.length >= expected.length).catch(() => {});
  assert.deepEqual(heard.splice(0), expected);
}

async function open(t, url, nick) {
  const page = await newPage(t, browser);
  page.on("dialog", (dialog) => dialog.accept(nick));
  await page.goto(url);
  await page.getByText("connected", { exact: true }).waitFor();
  return page;
}

async function say(page, text) {
  await page.locator("#text").fill(text);
  await page.keyboard.press("Enter");
}

const shows = (page, text) => page.getByText(text, { exact: true }).waitFor();
const said = (from, text) => ["said", { from, text }];

test("1: the page is connected, and the server sees who comes and goes", async (t) => {
  const chat = await start(t, 1);
  const page = await open(t, chat.url);
  await chat.prints(/^\S{20} has come$/m);
  const other = await enter(t, chat.url);
  other.socket.disconnect();
  await chat.prints(/^\S{20} has gone: client namespace disconnect$/m);
  await chat.stop("SIGKILL");
  await page.getByText(/^connection lost: transport \w+$/).waitFor();
});

test("2: who says something hears it, and nobody else", async (t) => {
  const { url } = await start(t, 2);
  const page = await open(t, url);
  const ann = await enter(t, url);
  await say(page, "hello");
  await shows(page, "hello");
  ann.socket.emit("say", { text: "hi" });
  await hears(ann, ["said", { text: "hi" }]);
  assert.deepEqual(await page.locator("li").allTextContents(), ["hello"]);
});

test("3: everyone hears it", async (t) => {
  const { url } = await start(t, 3);
  const page = await open(t, url);
  const ann = await enter(t, url);
  await say(page, "hello");
  await hears(ann, ["said", { text: "hello" }]);
  ann.socket.emit("say", { text: "hi" });
  await shows(page, "hi");
  assert.deepEqual(await page.locator("li").allTextContents(), ["hello", "hi"]);
});

test("4: everyone has a name, and who has none stays outside", async (t) => {
  const { url } = await start(t, 4);
  assert.equal(await refusal(t, url, { nick: " " }), "a name has 1 to 24 characters");
  assert.equal(await refusal(t, url, {}), "invalid auth: missing field `nick`");
  const ann = await enter(t, url, { nick: "ann" });
  const page = await open(t, url, "eve");
  await hears(ann, ["joined", { nick: "eve" }]);
  await say(page, "hello");
  await shows(page, "eve: hello");
  await hears(ann, said("eve", "hello"));
  ann.socket.disconnect();
  await shows(page, "ann has gone");
});

test("5: what is said stays in the room", async (t) => {
  const { url } = await start(t, 5);
  assert.equal(await refusal(t, url, { nick: "ann", room: "roomcast:user" }), "a room has 1 to 16 letters");
  const ann = await enter(t, url, { nick: "ann", room: "lobby" });
  const eve = await enter(t, url, { nick: "eve", room: "kitchen" });
  const page = await open(t, `${url}/#lobby`, "bob");
  await hears(ann, ["joined", { nick: "bob" }]);
  await say(page, "tea?");
  await hears(ann, said("bob", "tea?"));

  await page.goto(`${url}/#kitchen`);
  await hears(ann, ["left", { nick: "bob" }]);
  await hears(eve, ["joined", { nick: "bob" }]);
  await say(page, "tea!");
  await hears(eve, said("bob", "tea!"));
  assert.deepEqual(await eve.socket.emitWithAck("enter", { room: "no room" }), { error: { message: "a room has 1 to 16 letters" } });
  ann.socket.emit("say", { text: "nobody here" });
  await hears(ann, said("ann", "nobody here"));
  assert.deepEqual(eve.heard, []);
});

test("6: what was not answered is sent again, and said once", async (t) => {
  const { url } = await start(t, 6);
  const ann = await enter(t, url, { nick: "ann", room: "lobby" });
  const bob = await enter(t, url, { nick: "bob", room: "lobby" });
  await hears(ann, ["joined", { nick: "bob" }]);
  for (const text of ["one", "one", "two"]) {
    const number = text === "one" ? 1 : 2;
    assert.equal(await bob.socket.emitWithAck("say", { number, text }), number);
  }
  await hears(ann, said("bob", "one"), said("bob", "two"));
  const refused = await bob.socket.emitWithAck("say", { number: 3, text: "x".repeat(501) });
  assert.deepEqual(refused, { error: { message: "that is too long" } });

  const page = await open(t, url, "eve");
  await page.context().setOffline(true);
  await page.getByText(/^connection lost/).waitFor();
  await say(page, "from the tunnel");
  await page.context().setOffline(false);
  await shows(page, "eve: from the tunnel");
  await until("it has come", () => ann.lines().length > 0);
  assert.deepEqual(ann.lines(), ["from the tunnel"]);
});

test("7: who loses the connection comes back and misses nothing", async (t) => {
  const { url } = await start(t, 7);
  const ann = await enter(t, url, { nick: "ann", room: "lobby" });
  const bob = await enter(t, url, { nick: "bob", room: "lobby" });
  await hears(ann, ["joined", { nick: "bob", back: false }]);
  assert.equal(await ann.socket.emitWithAck("say", { number: 1, text: "hello" }), 1);
  await hears(ann, said("ann", "hello"));
  await hears(bob, said("ann", "hello"));

  const { id } = ann.socket;
  lose(ann);
  await hears(bob, ["left", { nick: "ann", why: "transport close" }]);
  bob.socket.emit("say", { number: 1, text: "are you there?" });
  await hears(bob, said("bob", "are you there?"));
  await comeBack(ann, url);
  assert.deepEqual([ann.socket.recovered, ann.socket.id], [true, id]);
  await hears(ann, said("bob", "are you there?"));
  await hears(bob, ["joined", { nick: "ann", back: true }]);

  // As if the answer had been lost.
  assert.equal(await ann.socket.emitWithAck("say", { number: 1, text: "hello" }), 1);
  assert.equal(await ann.socket.emitWithAck("say", { number: 2, text: "yes" }), 2);
  await hears(bob, said("ann", "yes"));

  const page = await open(t, url, "eve");
  bob.socket.emit("say", { number: 2, text: "hello eve" });
  await shows(page, "bob: hello eve");
  await page.context().setOffline(true);
  await page.getByText(/^connection lost/).waitFor();
  bob.socket.emit("say", { number: 3, text: "while you were away" });
  await page.context().setOffline(false);
  await shows(page, "connected again, nothing was missed");
  await shows(page, "bob: while you were away");
});

test("8: people on several threads see each other", async (t) => {
  const chat = await start(t, 8);
  const page = await open(t, chat.url, "ann");
  await shows(page, "here: ann");
  const others = [];
  for (const nick of ["bob", "eve", "joe"]) others.push(await enter(t, chat.url, { nick, room: "lobby" }));
  await shows(page, "here: ann, bob, eve, joe");
  const threads = () => new Set([...chat.output.matchAll(/is on (ThreadId\(\d+\))/g)].map(([, thread]) => thread));
  await until("they are on several threads", () => threads().size > 1);
  others[1].socket.disconnect();
  await shows(page, "here: ann, bob, joe");
  await shows(page, "eve has gone: client namespace disconnect");
  others[2].socket.emit("enter", { room: "kitchen" });
  await shows(page, "here: ann, bob");
  await hears(others[2], ["here", { nicks: ["ann", "bob", "eve", "joe"] }], ["here", { nicks: ["ann", "bob", "joe"] }],
    ["left", { nick: "eve", why: "client namespace disconnect" }], ["here", { nicks: ["joe"] }]);
});

test("9: two nodes are one chat, and a client comes back to either", async (t) => {
  const redis = await startRedis(t, newFolder(t));
  const [one, two] = [await start(t, 9, redis), await start(t, 9, redis)];
  const page = await open(t, one.url, "ann");
  const bob = await enter(t, two.url, { nick: "bob", room: "lobby" });
  await shows(page, "here: ann, bob");
  await say(page, "is this one chat?");
  await until("it is heard on the other node", () => bob.lines().length > 0);
  assert.equal(await bob.socket.emitWithAck("say", { number: 1, text: "it is" }), 1);
  await shows(page, "bob: it is");
  await until("bob has heard it", () => bob.lines().includes("it is"));

  const { id } = bob.socket;
  lose(bob);
  await shows(page, "bob has gone: transport close");
  await say(page, "bob?");
  await shows(page, "ann: bob?");
  await comeBack(bob, one.url);
  assert.deepEqual([bob.socket.recovered, bob.socket.id], [true, id]);
  await shows(page, "bob is back");
  await shows(page, "here: ann, bob");
  assert.equal(await bob.socket.emitWithAck("say", { number: 1, text: "it is" }), 1);
  assert.equal(await bob.socket.emitWithAck("say", { number: 2, text: "here I am" }), 2);
  await shows(page, "bob: here I am");
  assert.equal(await page.getByText("bob: it is", { exact: true }).count(), 1);
  await until("bob has heard it", () => bob.lines().includes("here I am"));
  assert.deepEqual(bob.lines(), ["is this one chat?", "it is", "bob?", "here I am"]);
});

/** nginx with the tutorial's file, before the nodes at these addresses. */
async function startNginx(t, folder, nodes) {
  const port = await freePort();
  const places = { "127.0.0.1:3001": nodes[0], "127.0.0.1:3002": nodes[1], "listen 8080;": `listen 127.0.0.1:${port};` };
  let file = readFileSync(NGINX, "utf8");
  for (const [is, here] of Object.entries(places)) {
    assert.ok(file.includes(is), `the tutorial's file has no ${is}`);
    file = file.replace(is, here);
  }
  writeFileSync(path.join(folder, "chat.conf"), file);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((of) => `${of}_temp_path ${of};`).join(" ");
  const main = `daemon off; pid nginx.pid; events {} http { access_log off; ${temporary} include chat.conf; }`;
  writeFileSync(path.join(folder, "nginx.conf"), main);
  const nginx = new Process("nginx", "-e", "stderr", "-p", folder, "-c", path.join(folder, "nginx.conf"));
  t.after(() => nginx.stop());
  const url = `http://127.0.0.1:${port}`;
  await until("nginx leads to a node", () => {
    assert.ok(nginx.runs, nginx.output);
    return fetch(url).then((answer) => answer.ok, () => false);
  });
  return url;
}

test("10: one node ends, its clients go on at the other, and nothing is lost", async (t) => {
  const folder = newFolder(t);
  const redis = await startRedis(t, folder);
  const nodes = [];
  for (const name of ["node-1", "node-2"]) {
    const OPERATIONS = `127.0.0.1:${await freePort()}`;
    const node = await start(t, 10, { ...redis, OPERATIONS });
    await until(`${name} is ready`, () => fetch(`http://${OPERATIONS}/ready`).then(({ ok }) => ok, () => false));
    nodes.push(node);
  }
  const url = await startNginx(t, folder, nodes.map((node) => new URL(node.url).host));
  const clients = [];
  for (const nick of ["ann", "bob", "eve", "joe"]) clients.push(await enter(t, url, { nick, room: "lobby" }));
  const [lost, back] = [[], []];
  for (const { socket } of clients) {
    socket.on("disconnect", (reason) => lost.push(reason));
    socket.on("connect", () => back.push(socket.recovered));
  }

  nodes[0].child.kill("SIGTERM");
  const [bob] = clients.slice(1);
  const sent = [];
  for (let number = 1; number <= 20 || lost.length === 0; number++) {
    const message = { number, text: `message ${number}` };
    sent.push(message.text);
    await until(`number ${number} is answered`, async () => {
      const answer = await bob.socket.timeout(2000).emitWithAck("say", message).catch(() => 0);
      return answer === number;
    });
    assert.ok(number < 300, "nobody is told to go");
    await new Promise((done) => setTimeout(done, 100)); // the rate is 20 in a second
  }
  const [code] = await nodes[0].exited;
  assert.equal(code, 0);
  await until("all are back", () => clients.every(({ socket }) => socket.connected));
  assert.deepEqual([new Set(lost), new Set(back)], [new Set(["transport close"]), new Set([true])]);
  for (const client of clients) {
    await until("the last has come", () => client.lines().length >= sent.length).catch(() => {});
    assert.deepEqual(client.lines(), sent);
  }
  const page = await open(t, url, "zoe");
  await shows(page, "here: ann, bob, eve, joe, zoe");
});
