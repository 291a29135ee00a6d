// The admin page over nodes of both kinds: @socket.io/admin-ui on Node.js, and roomcast.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { io } from "socket.io-client";
import { Page } from "../e2e/admin/page.mjs";
import { Cluster } from "./harness.mjs";
import { next, within } from "../waiting.mjs";

const KINDS = ["roomcast", "node"];

/** bcrypt of "changeit", with the least rounds that there may be. */
const HASH = "$2b$04$roCsQGLId/br6TLjn23rzO1MQ9jmDcOKQC.7WARj/h9gmWyyyqTXG";

const CREDENTIALS = { username: "admin", password: "changeit" };

async function start(t, adapter, env) {
  const cluster = await Cluster.start(KINDS, { adapter, ADMIN: "development", ...env });
  t.after(() => cluster.stop());
  return cluster;
}

/** A page of this node, which connects. */
function begin(t, node, options) {
  const socket = io(`${node.url}/admin`, { forceNew: true, reconnection: false, transports: ["websocket"], ...options });
  t.after(() => socket.disconnect());
  return new Page(socket);
}

async function open(t, node, options) {
  const page = begin(t, node, options);
  await next(page.socket, "connect");
  return page;
}

/** A page on each node; all nodes know of them. */
async function openAll(t, cluster) {
  const pages = [];
  for (const node of cluster.nodes) {
    const page = await open(t, node);
    await page.told("all_sockets");
    pages.push(page);
  }
  return pages;
}

/** For each node in turn: itself, and the other one. */
const pairs = ({ nodes: [one, two] }) => [[one, two], [two, one]];

async function everySocketIsShown(t, adapter) {
  const cluster = await start(t, adapter);
  const sockets = new Map();
  for (const node of cluster.nodes) {
    for (const options of [{ nsp: "/" }, { nsp: "/chat", transports: ["polling"] }, { transports: ["polling", "websocket"] }]) {
      const socket = await cluster.connect(t, node, { auth: { data: { from: node.kind } }, ...options });
      if (options.transports?.length > 1) await upgraded(socket);
      sockets.set(socket.id, socket);
    }
  }
  for (const node of cluster.nodes) {
    const page = await open(t, node);
    const [all] = await page.told("all_sockets");
    const shown = new Map(all.filter(({ nsp }) => nsp !== "/admin").map((socket) => [socket.id, socket]));
    assert.deepEqual([...shown.keys()].sort(), [...sockets.keys()].sort());
    for (const [id, { io: manager, nsp, node: home }] of sockets) {
      const { clientId, transport, data, handshake, rooms } = shown.get(id);
      const engine = manager.engine;
      const what = `a socket of ${home.kind}, seen from ${node.kind}`;
      assert.equal(clientId, engine.id.slice(0, 12), what);
      assert.equal(transport, engine.transport.name, what);
      assert.equal(shown.get(id).nsp, nsp, what);
      assert.deepEqual(data, { from: home.kind }, what);
      assert.deepEqual(rooms, [id], what);
      assert.equal(handshake.address, "127.0.0.1", what);
      assert.equal(handshake.headers.host, new URL(home.url).host, what);
    }
  }
}

async function upgraded(socket) {
  const { engine } = socket.io;
  if (engine.transport.name !== "websocket") await within(new Promise((resolve) => engine.once("upgrade", resolve)), "upgrade");
  // An answer over it: the server knows, too.
  await socket.emitWithAck("leave", "nowhere");
}

async function everythingIsTold(t, adapter) {
  const cluster = await start(t, adapter);
  const pages = await openAll(t, cluster);
  for (const node of cluster.nodes) {
    const socket = await cluster.connect(t, node, { nsp: "/chat" });
    const { id } = socket;
    await socket.emitWithAck("join", "tea");
    const got = next(socket, "news");
    await node.emit("news", [1, Buffer.from([2])], { nsp: "/chat", to: ["tea"] });
    await got;
    await socket.emitWithAck("leave", "tea");
    socket.disconnect();
    for (const [at, page] of pages.entries()) {
      await page.told("room_left", (nsp, room, left) => left === id && room === id);
      const told = page.of(id);
      const [{ clientId, transport, nsp }] = told.filter(([name]) => name === "socket_connected").map(([, args]) => args);
      assert.deepEqual([clientId.length, transport, nsp], [12, "websocket", "/chat"]);
      assert.deepEqual(told.filter(([name]) => name !== "socket_connected"), [
        ["room_joined", id],
        ["event_received", ["join", "tea"]],
        ["room_joined", "tea"],
        ["event_sent", ["news", 1, Buffer.from([2])]],
        ["event_received", ["leave", "tea"]],
        ["room_left", "tea"],
        ["socket_disconnected", "client namespace disconnect"],
        ["room_left", id],
      ], `from ${node.kind}, at ${KINDS[at]}`);
    }
  }
}

async function commandsCross(t, adapter) {
  const cluster = await start(t, adapter);
  const pages = await openAll(t, cluster);
  for (const [at, [here, there]] of pairs(cluster).entries()) {
    const page = pages[at];
    const near = await cluster.connect(t, here);
    const far = await cluster.connect(t, there);
    const both = [near.id, far.id];
    const told = (kind, room, ...ids) =>
      Promise.all(ids.map((id) => page.told(kind, (nsp, which, who) => which === room && who === id)));
    page.do("join", "/", "one", far.id);
    await told("room_joined", "one", far.id);
    page.do("join", "/", "more", "one");
    await told("room_joined", "more", far.id);
    page.do("join", "/", "all");
    await told("room_joined", "all", ...both);
    page.do("leave", "/", "all", "one");
    await told("room_left", "all", far.id);

    const heard = Promise.all([next(near, "news"), next(far, "news")]);
    page.do("emit", "/", null, "news", 1, Buffer.from([2]));
    assert.deepEqual(await heard, [[1, Buffer.from([2])], [1, Buffer.from([2])]]);
    const alone = next(far, "you");
    page.do("emit", "/", "more", "you", { a: "word" });
    assert.deepEqual(await alone, [{ a: "word" }]);

    const gone = next(far, "disconnect");
    page.do("_disconnect", "/", false, "one");
    assert.equal((await gone)[0], "io server disconnect");
    const [, , reason] = await page.told("socket_disconnected", (nsp, id) => id === both[1]);
    assert.equal(reason, "server namespace disconnect");
    assert.ok(near.connected);
    near.disconnect();
  }
}

async function serversAreListed(t, adapter) {
  for (const ADMIN of ["development", "production"]) {
    const cluster = await start(t, adapter, { ADMIN });
    const clients = [];
    for (const node of cluster.nodes) clients.push(await cluster.connect(t, node));
    for (const node of cluster.nodes) {
      const page = await open(t, node);
      for (const { kind, name } of cluster.nodes) {
        const id = kind === "node" ? name : name.replace(" ", "-");
        const [stats] = await page.told("server_stats", ({ serverId }) => serverId === id);
        const counts = Object.fromEntries(stats.namespaces.map(({ name, socketsCount }) => [name, socketsCount]));
        assert.equal(counts["/"], 1, `${kind}, seen from ${node.kind}`);
      }
      page.socket.disconnect();
    }
  }
}

/** Who has logged in at one node is known to the other. */
async function loginsAreShared(t) {
  const cluster = await Cluster.start([], { adapter: "classic" });
  t.after(() => cluster.stop());
  const ADMIN_STORE = `redis://127.0.0.1:${cluster.redis.port}`;
  for (const kind of KINDS) await cluster.add(kind, { ADMIN: "production", ADMIN_PASSWORD: HASH, ADMIN_STORE });
  for (const [here, there] of pairs(cluster)) {
    const first = await open(t, here, { auth: CREDENTIALS });
    const [sessionId] = await first.told("session");
    const second = await open(t, there, { auth: { sessionId } });
    await second.told("config");
    const key = `socket.io-admin#${sessionId}`;
    const left = await cluster.redis.command("TTL", key);
    assert.ok(left > 86_300 && left <= 86_400, `it lasts for a day, not ${left} seconds`);
    await cluster.redis.command("DEL", key);
    for (const node of [here, there]) {
      const [error] = await next(begin(t, node, { auth: { sessionId } }).socket, "connect_error");
      assert.equal(error.message, "invalid credentials", `the login is over at ${node.kind}`);
    }
  }
}

for (const adapter of ["classic", "sharded-dynamic", "streams"]) {
  describe(adapter, { concurrency: 2 }, () => {
    test("every socket is shown, wherever the page is connected", (t) => everySocketIsShown(t, adapter));
    test("what happens on one node is told on both", (t) => everythingIsTold(t, adapter));
    test("commands cross", (t) => commandsCross(t, adapter));
    test("servers of both kinds are listed", (t) => serversAreListed(t, adapter));
  });
}

test("logins are shared through Redis", loginsAreShared);
