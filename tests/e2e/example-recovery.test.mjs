// The example recovery: a line that is cut for a moment takes nothing from a client, one that is cut for longer does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { connected, startExample, useBrowser } from "./example.mjs";
import { next } from "./server.mjs";

const open = useBrowser();

/** A client over the line, and the numbers that it has got. */
async function overTheLine(t, { url }) {
  const port = await (await fetch(`${url}/line`)).text();
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 200,
    reconnectionDelayMax: 300,
  });
  t.after(() => socket.disconnect());
  socket.ticks = [];
  socket.on("tick", (n) => socket.ticks.push(n));
  await next(socket, "connect");
  return socket;
}

async function cut({ url }, socket, seconds) {
  const lost = next(socket, "disconnect");
  assert.equal((await fetch(`${url}/line/cut/${seconds}`, { method: "PUT" })).status, 204);
  await lost;
}

const follow = (numbers) => numbers.every((n, at) => at === 0 || n === numbers[at - 1] + 1);

test("after a short cut the socket, its session and all that it missed are back", async (t) => {
  const server = await startExample(t, "recovery");
  const socket = await overTheLine(t, server);
  await next(socket, "tick");
  await socket.emitWithAck("draft", "half a sent");
  const { id } = socket;
  const before = socket.ticks.length;
  await cut(server, socket, 2);
  const known = next(socket, "known");
  await next(socket, "connect");
  assert.ok(socket.recovered);
  assert.equal(socket.id, id);
  assert.equal((await known)[0].draft, "half a sent");
  // Two seconds' worth came with the connection.
  assert.ok(socket.ticks.length >= before + 3, `${socket.ticks}`);
  await next(socket, "tick");
  assert.ok(follow(socket.ticks), `${socket.ticks}`);
});

test("after a longer cut the client is a new one, and what it missed is lost to it", async (t) => {
  const server = await startExample(t, "recovery");
  const socket = await overTheLine(t, server);
  await next(socket, "tick");
  const { id } = socket;
  await cut(server, socket, 12);
  await next(socket, "connect");
  assert.ok(!socket.recovered);
  assert.notEqual(socket.id, id);
  await next(socket, "tick");
  assert.ok(!follow(socket.ticks), `${socket.ticks}`);
});

test("in the browser: what came late is shown, and what was lost", async (t) => {
  const server = await startExample(t, "recovery");
  const page = await open(t, server.url);
  await connected(page);
  const ticks = (kind) => page.locator(`#ticks .${kind}`);
  await ticks("live").nth(1).waitFor();
  await page.getByLabel("Draft").fill("half a sent");
  await page.getByRole("button", { name: "Cut it for 3 s" }).click();
  await page.locator("#recovered", { hasText: "yes, the same socket" }).waitFor();
  await page.locator("#known", { hasText: "half a sent" }).waitFor();
  await ticks("replayed").nth(2).waitFor();
  assert.equal(await ticks("lost").count(), 0);

  await page.getByRole("button", { name: "Cut it for 12 s" }).click();
  await page.locator("#recovered", { hasText: "no, a new one" }).waitFor();
  await page.locator("#known", { hasText: "nothing" }).waitFor();
  await ticks("lost").nth(15).waitFor({ state: "attached" });
});
