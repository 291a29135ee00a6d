// The example todo: CRUD over acks, errors for each field, and a page that Vite has built.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { client, connected, runExample, startExample, useBrowser } from "./example.mjs";
import { next } from "./server.mjs";

const WEB = fileURLToPath(new URL("../../examples/todo/web", import.meta.url));

const open = useBrowser();
const npm = (...args) => promisify(execFile)("npm", args, { cwd: WEB });

let dist;

/** Fails where the page and its contract do not fit each other. */
before(async () => {
  dist = await mkdtemp(join(tmpdir(), "todo-"));
  await npm("run", "build", "--", "--outDir", dist, "--emptyOutDir");
});

after(() => rm(dist, { recursive: true }));

const start = (t, folder = dist) => startExample(t, "todo", { env: { DIST: folder } });

async function enter(t, server) {
  const socket = client(t, server);
  await next(socket, "connect");
  return socket;
}

test("create, read, update and delete, answered to one and told to others", async (t) => {
  const server = await start(t);
  const [ann, ben] = [await enter(t, server), await enter(t, server)];
  const told = [];
  ben.onAny((...event) => told.push(event));
  const milk = await ann.emitWithAck("todo:create", { title: "  Buy milk " });
  assert.deepEqual(milk, { id: 1, title: "Buy milk", done: false });
  const done = await ann.emitWithAck("todo:update", { id: 1, done: true });
  assert.deepEqual(done, { id: 1, title: "Buy milk", done: true });
  const tea = await ann.emitWithAck("todo:update", { id: 1, title: "Buy tea" });
  assert.deepEqual(tea, { id: 1, title: "Buy tea", done: true });
  assert.deepEqual(await ben.emitWithAck("todo:list"), [tea]);
  assert.deepEqual(told, [["todo:created", milk], ["todo:updated", done], ["todo:updated", tea]]);
  assert.equal(await ann.emitWithAck("todo:delete", { id: 1 }), 1);
  assert.equal(await ann.emitWithAck("todo:delete", { id: 1 }), 1);
  assert.deepEqual(await ben.emitWithAck("todo:list"), []);
  assert.deepEqual(told.slice(3), [["todo:deleted", 1]]);
});

test("what is refused says why, and at which field", async (t) => {
  const server = await start(t);
  const ann = await enter(t, server);
  const { id } = await ann.emitWithAck("todo:create", { title: "Buy milk" });
  await ann.emitWithAck("todo:create", { title: "Buy tea" });
  const refused = async (event, payload) => (await ann.emitWithAck(event, payload)).error;
  const title = (text) => ({ message: "invalid", data: { title: text } });
  assert.deepEqual(await refused("todo:create", { title: " " }), title("What is to be done?"));
  assert.deepEqual(await refused("todo:create", { title: "x".repeat(81) }), title("This is too long: 80 characters at most."));
  assert.deepEqual(await refused("todo:create", { title: "Buy milk" }), title("This is on the list already."));
  assert.deepEqual(await refused("todo:update", { id, title: "Buy tea" }), title("This is on the list already."));
  assert.deepEqual(await refused("todo:update", { id: 99, done: true }), { message: "It is not there any more." });
  // What does not fit its type is refused before.
  assert.match((await refused("todo:update", { id, done: "yes" })).message, /field `done`/);
  assert.deepEqual(await ann.emitWithAck("todo:update", { id, title: "Buy milk" }), { id, title: "Buy milk", done: false });
});

test("in the browser: two pages show one list, and what is wrong with a title", async (t) => {
  const server = await start(t);
  const [ann, ben] = [await open(t, server.url), await open(t, server.url)];
  await connected(ann);
  await connected(ben);
  const add = async (page, title) => {
    await page.getByLabel("What is to be done").fill(title);
    await page.getByRole("button", { name: "Add" }).click();
  };
  await add(ann, "<b>Buy milk</b>");
  await ben.getByLabel("<b>Buy milk</b>: title").waitFor();
  await add(ben, "<b>Buy milk</b>");
  await ben.locator(".error", { hasText: "This is on the list already." }).waitFor();
  await ben.getByLabel("<b>Buy milk</b>: done").check();
  await ann.locator("#todos .done").waitFor();
  await ann.locator("#count", { hasText: "0 of 1 to do" }).waitFor();
  await ann.getByLabel("<b>Buy milk</b>: title").fill("Buy tea");
  await ann.keyboard.press("Enter");
  await ben.getByLabel("Buy tea: title").waitFor();
  await ben.getByRole("button", { name: "Delete Buy tea" }).click();
  await ann.locator("#todos li").waitFor({ state: "detached" });
});

test("files have their types and may be kept, and without a page one is told what to do", async (t) => {
  const server = await start(t);
  const page = await fetch(server.url);
  assert.match(page.headers.get("content-security-policy"), /^default-src 'self';/);
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())[1];
  const file = await fetch(server.url + script);
  assert.equal(file.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert.match(file.headers.get("cache-control"), /immutable/);
  const unbuilt = await start(t, join(dist, "assets", "none"));
  const missing = await fetch(unbuilt.url);
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), /cargo xtask todo/);
  const help = runExample(t, "todo", ["--help"]);
  assert.equal((await help.end())[0], 0);
  assert.match(help.out, /Usage: todo /);
});
