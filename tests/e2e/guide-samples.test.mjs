// Runs the JavaScript of the guide, as it stands in guide/samples/js, against the guide's servers, and
// compares what it prints with what the guide says. GUIDE_BIN names the folder with their binaries;
// without it they are built.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { next, within } from "../waiting.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SAMPLES = join(ROOT, "guide/samples/js");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ADDRESS = "http://127.0.0.1:3000"; // in the samples
const WAIT = 120_000; // ms, for a whole test,
const STEP = 30_000; // and for one thing that a page does

let bin = process.env.GUIDE_BIN;
let server;
let folder;

before(async () => {
  if (!bin) {
    execFileSync("cargo", ["build", "--quiet", "--package", "guide-samples"], {
      cwd: ROOT,
      stdio: "inherit",
    });
    bin = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug");
  }
  server = await start("guide-server");
  folder = await mkdtemp(join(tmpdir(), "guide-samples-"));
  await symlink(fileURLToPath(new URL("node_modules", import.meta.url)), join(folder, "node_modules"));
});

after(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true });
});

/** A server of the guide on a free port. */
function start(name, ...args) {
  return launch(join(bin, name), args);
}

async function launch(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await next(lines, "line");
  const url = /^listening on (http:\S+)$/.exec(line)?.[1];
  assert.ok(url, line);
  const stop = async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await within(exited, `end of ${command}`);
  };
  return { url, stop };
}

/** The sample as a file that finds socket.io-client and the server's real address. */
async function place(name, url) {
  const source = await readFile(join(SAMPLES, name), "utf8");
  assert.ok(source.includes(ADDRESS), `${name} connects to ${ADDRESS}`);
  const placed = join(await mkdtemp(join(folder, "run-")), name);
  await writeFile(placed, source.replaceAll(ADDRESS, url));
  return placed;
}

/** Runs a sample; `lines` are those it prints. */
async function run(t, name, url = server.url, ...args) {
  const child = spawn(process.execPath, [await place(name, url), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    next: async () => (await within(lines.next(), `line of ${name}`)).value,
    async rest() {
      const all = [];
      for await (const line of { [Symbol.asyncIterator]: () => lines }) all.push(line);
      return all.join("\n");
    },
  };
}

async function openPage(t) {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu"],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(STEP);
  return page;
}

/** What a page of the guide shows in its blocks `text` and `console`. */
async function shown(name) {
  const text = await readFile(join(ROOT, "guide/src", name), "utf8");
  return [...text.matchAll(/```(?:text|console)\n(.*?)```/gs)].map(([, block]) => block.trimEnd());
}

test("getting started: the client is greeted", { timeout: WAIT }, async (t) => {
  const printed = await (await run(t, "hello.mjs")).rest();
  assert.equal(printed, "Hello, Ann!");
  assert.ok((await shown("getting-started.md")).includes(`$ node hello.mjs\n${printed}`));
});

test("events: every form arrives, and what comes back is printed", { timeout: WAIT }, async (t) => {
  const printed = (await (await run(t, "events.mjs")).rest()).split("\n");
  assert.deepEqual(printed.slice(0, 7), [
    "title is now Sketch",
    "size is now [ 800, 600 ]",
    "cleared 1 points",
    "note: buy milk red",
    "this is note 1",
    "line 1",
    "a.bin <Buffer 01 02 03>",
  ]);
  assert.ok((await shown("parsers.md")).includes(printed.slice(6).join("\n")), printed);
});

test("events: auth", { timeout: WAIT }, async (t) => {
  const printed = (await (await run(t, "auth.mjs")).rest()).split("\n").sort();
  const told = (await shown("events.md")).map((block) => block.split("\n").sort().join("\n"));
  assert.ok(told.includes(printed.join("\n")), printed);
});

test("acks: in both directions, and refused", { timeout: WAIT }, async (t) => {
  const printed = await (await run(t, "acks.mjs")).rest();
  assert.equal(printed, (await shown("acks.md")).join("\n"));
});

test("errors: what a client is told", { timeout: WAIT }, async (t) => {
  const printed = await (await run(t, "errors.mjs")).rest();
  assert.equal(printed, (await shown("errors.md")).join("\n"));
});

test("tutorial: the chat in the terminal", { timeout: WAIT }, async (t) => {
  const chat = await start("tutorial", "127.0.0.1:0", "3");
  t.after(chat.stop);
  const page = await openPage(t);
  await page.goto(chat.url);
  await page.getByText("connected", { exact: true }).waitFor();
  const ann = await run(t, "chat.mjs", chat.url);
  ann.child.stdin.write("here I am\n");
  await page.getByText("here I am", { exact: true }).waitFor();
  assert.equal(await ann.next(), "here I am");
  await page.locator("#text").fill("hello from the browser");
  await page.keyboard.press("Enter");
  assert.equal(await ann.next(), "hello from the browser");
  ann.child.stdin.end("bye\n");
  await page.getByText("bye", { exact: true }).waitFor();
});

test("README: the chat, in its page and from the terminal", { timeout: WAIT }, async (t) => {
  const chat = await start("guide-server", "readme");
  t.after(chat.stop);
  const page = await openPage(t);
  await page.goto(chat.url);
  const said = (line) => page.getByText(line, { exact: true }).waitFor();
  await page.getByPlaceholder("Say something").fill("hello from the page");
  await page.keyboard.press("Enter");
  await said("hello from the page");
  const client = await run(t, "readme.mjs", chat.url);
  assert.equal(await client.next(), "hello from the terminal");
  await said("hello from the terminal");
  client.child.kill();
});

test("middleware: who is refused is told why", { timeout: WAIT }, async (t) => {
  const printed = await (await run(t, "refused.mjs")).rest();
  const sample = await readFile(join(SAMPLES, "refused.mjs"), "utf8");
  assert.ok(sample.includes(`// ${printed}`), printed);
});

test("parsers: a client with msgpack is greeted", { timeout: WAIT }, async (t) => {
  const server = await start("guide-server", "msgpack");
  t.after(server.stop);
  assert.equal(await (await run(t, "msgpack.mjs", server.url)).rest(), "Hello, Ann!");
});

test("presence: the list, and its changes", { timeout: WAIT }, async (t) => {
  const printed = await (await run(t, "presence.mjs")).rest();
  assert.ok((await shown("presence.md")).includes(printed), printed);
});

test("coming from Socket.IO: both servers say the same", { timeout: WAIT }, async (t) => {
  const onNode = join(folder, "node-server.mjs");
  await copyFile(join(SAMPLES, "node-server.mjs"), onNode);
  const printed = [];
  for (const server of [
    await launch(process.execPath, [onNode, "0"]),
    await start("ported", "127.0.0.1:0"),
  ]) {
    t.after(server.stop);
    printed.push(await (await run(t, "ported.mjs", server.url)).rest());
  }
  const [node, ported] = printed;
  assert.equal(ported, node);
  assert.ok((await shown("coming-from-socketio.md")).includes(ported), ported);
});

test("how to upload: a file comes in parts", { timeout: WAIT }, async (t) => {
  const file = join(folder, "picture.bin");
  await writeFile(file, Buffer.alloc(600_000, 7));
  const printed = await (await run(t, "upload.mjs", server.url, file)).rest();
  assert.ok((await shown("howto-upload.md")).includes(`$ node upload.mjs picture.bin\n${printed}`), printed);
});

test("how to limit rates: who is too fast is told how long to wait", { timeout: WAIT }, async (t) => {
  const printed = await (await run(t, "rates.mjs")).rest();
  assert.ok((await shown("howto-rates.md")).includes(printed), printed);
});

test("client.js: the page of its chapter is greeted", { timeout: WAIT }, async (t) => {
  const html = await readFile(join(SAMPLES, "page.html"), "utf8");
  assert.equal(await (await fetch(server.url)).text(), html);
  const page = await openPage(t);
  await page.goto(server.url);
  await page.getByText("Hello, Ann!").waitFor();
});

test("every sample is run by a test", async () => {
  const itself = await readFile(fileURLToPath(import.meta.url), "utf8");
  for (const name of await readdir(SAMPLES)) {
    assert.ok(itself.includes(`"${name}"`), `${name} is not run`);
  }
});
