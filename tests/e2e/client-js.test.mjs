// Holds the hub's client.js to socket.io-client: each scenario runs with both against the official
// server, and what the application observes must be the same.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { io as original } from "socket.io-client";
import { WebSocket } from "ws";
import { next } from "../waiting.mjs";
import { scenarios as acks } from "./client-js/acks.mjs";
import { scenarios as connecting } from "./client-js/connecting.mjs";
import { scenarios as events } from "./client-js/events.mjs";
import { echo, observe, settled } from "./client-js/lab.mjs";
import { scenarios as leaving } from "./client-js/leaving.mjs";
import { scenarios as servers } from "./client-js/servers.mjs";

globalThis.WebSocket ??= WebSocket;

const source = await readFile(
  new URL("../../framework/src/server/client.js", import.meta.url),
  "utf8",
);
// By a data URL, because Node takes a .js file without a package.json for CommonJS.
const { io: ours } = await import(
  `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`
);

test("client.js is smaller than 4 KB when compressed", () => {
  const size = gzipSync(source, { level: 9 }).length;
  assert.ok(size < 4096, `${size} bytes`);
});

test("a volatile event is dropped while the connection is lost", async () => {
  // The original keeps it when its transport broke while it was writable.
  const log = await observe(ours, async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect(), "socket", "returned");
    await next(socket, "connect");
    const lost = next(socket, "disconnect");
    await lab.stop();
    await lost;
    socket.volatile.emit("return", "dropped");
    socket.emit("return", "kept");
    await lab.restart();
    await next(socket, "connect");
    await settled(socket);
  });
  assert.deepEqual(log, [["socket", "returned", "kept"]]);
});

test("connecting twice asks the server once", async () => {
  // The original asks twice, and the server closes the connection for it.
  const log = await observe(ours, async (lab) => {
    await lab.serve((server) => ["/a", "/b"].forEach((nsp) => echo(server, nsp)));
    const a = lab.watch(lab.connect("/a"), "a", "disconnect");
    await next(a, "connect");
    const b = lab.watch(lab.connect("/b"), "b", "connect");
    b.connect();
    await next(b, "connect");
    lab.note(await b.emitWithAck("echo", "one"), a.connected);
  });
  assert.deepEqual(log.slice(0, 2), [["b", "connect"], ["one", true]]);
});

test("an ack that comes after its namespace was left ends no other", async () => {
  // The original sends it, and the server closes the connection for it.
  const log = await observe(ours, async (lab) => {
    await lab.serve((server) => {
      ["/a", "/b"].forEach((nsp) => echo(server, nsp));
      server.of("/a").on("connection", (socket) => socket.emit("question", () => {}));
    });
    const b = lab.watch(lab.connect("/b"), "b", "disconnect");
    await next(b, "connect");
    const a = lab.connect("/a");
    const [answer] = await next(a, "question");
    a.disconnect();
    await settled(b);
    answer("too late");
    lab.note(await b.emitWithAck("echo", "one"));
    a.connect();
    const [again] = await next(a, "question");
    again("in time");
    lab.note(await a.emitWithAck("echo", "two"));
  });
  assert.deepEqual(log.slice(0, 2), [["one"], ["two"]]);
});

const scenarios = { ...connecting, ...acks, ...events, ...leaving, ...servers };
for (const [name, scenario] of Object.entries(scenarios)) {
  test(`as socket.io-client: ${name}`, async () => {
    const expected = await observe(original, scenario);
    assert.notEqual(expected.length, 0);
    assert.deepEqual(await observe(ours, scenario), expected);
  });
}
