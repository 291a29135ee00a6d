// The example embedding: sockets in an application that has sessions and a database.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { client, connected, startExample, useBrowser } from "./example.mjs";
import { next } from "./server.mjs";

const open = useBrowser();

async function ask({ url }, method, path, { cookie, body } = {}) {
  const headers = { "content-type": "application/json", ...(cookie && { cookie }) };
  const response = await fetch(`${url}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, text, cookie: response.headers.get("set-cookie")?.split(";")[0] };
}

async function logIn(server, name, password = "secret") {
  const { status, cookie } = await ask(server, "POST", "session", { body: { name, password } });
  assert.equal(status, 200);
  return cookie;
}

const socketOf = (t, server, headers) => client(t, server, { extraHeaders: headers });

async function enter(t, server, cookie) {
  const socket = socketOf(t, server, { cookie });
  await next(socket, "connect");
  return socket;
}

test("a socket is whose session it is, and nobody's without one", async (t) => {
  const server = await startExample(t, "embedding");
  const cookie = await logIn(server, "Ann");
  const ann = await enter(t, server, cookie);
  const { id, author, text } = await ann.emitWithAck("add", { text: "Buy milk" });
  assert.deepEqual([author, text], ["Ann", "Buy milk"]);
  assert.equal(typeof id, "number");
  // What a client says of itself counts for nothing.
  for (const headers of [{}, { "x-account": "1" }, { cookie: "id=forged" }]) {
    const [error] = await next(socketOf(t, server, headers), "connect_error");
    assert.equal(error.message, "websocket error");
  }
  const polling = client(t, server, { transports: ["polling"] });
  assert.equal((await next(polling, "connect_error"))[0].context.status, 403);
});

test("a page of another origin opens no socket with the visitor's cookie", async (t) => {
  const server = await startExample(t, "embedding");
  const cookie = await logIn(server, "Ann");
  await next(socketOf(t, server, { cookie, origin: server.url }), "connect");
  for (const origin of ["http://127.0.0.1:1", "https://evil.example"]) {
    const [error] = await next(socketOf(t, server, { cookie, origin }), "connect_error");
    assert.equal(error.message, "websocket error");
  }
  const behindProxy = await startExample(t, "embedding", { env: { ORIGIN: "https://app.example" } });
  const theirs = { cookie: await logIn(behindProxy, "Ann"), origin: "https://app.example" };
  await next(socketOf(t, behindProxy, theirs), "connect");
});

test("what is added or removed, over HTTP or a socket, everybody is told", async (t) => {
  const server = await startExample(t, "embedding");
  const [annsCookie, bensCookie] = [await logIn(server, "Ann"), await logIn(server, "Ben")];
  const [ann, ben] = [await enter(t, server, annsCookie), await enter(t, server, bensCookie)];
  const [told, toldToo] = [next(ann, "note"), next(ben, "note")];
  const added = await ask(server, "POST", "notes", { cookie: annsCookie, body: { text: "over HTTP" } });
  const note = JSON.parse(added.text);
  assert.deepEqual([(await told)[0], (await toldToo)[0]], [note, note]);
  const second = await ben.emitWithAck("add", { text: "over a socket" });
  const list = async () => JSON.parse((await ask(server, "GET", "notes", { cookie: annsCookie })).text);
  assert.deepEqual(await list(), [second, note]);

  const { error } = await ben.emitWithAck("remove", note.id);
  assert.equal(error.message, "This is no note of yours.");
  const removed = next(ben, "removed");
  await ann.emitWithAck("remove", note.id);
  assert.deepEqual((await removed)[0], note.id);
  assert.deepEqual(await list(), [second]);

  assert.equal((await ask(server, "GET", "notes")).status, 401);
  const empty = await ask(server, "POST", "notes", { cookie: annsCookie, body: { text: " " } });
  assert.deepEqual([empty.status, empty.text], [422, "A note has 1 to 1,000 characters."]);
  assert.match((await ann.emitWithAck("add", { text: " " })).error.message, /1 to 1,000 characters/);
});

test("a logout ends the sockets of the account, and of nobody else", async (t) => {
  const server = await startExample(t, "embedding");
  const cookie = await logIn(server, "Ann");
  const [one, other] = [await enter(t, server, cookie), await enter(t, server, await logIn(server, "Ann"))];
  const ben = await enter(t, server, await logIn(server, "Ben"));
  const ended = [next(one, "disconnect"), next(other, "disconnect")];
  assert.equal((await ask(server, "DELETE", "session", { cookie })).status, 204);
  for (const [reason] of await Promise.all(ended)) assert.equal(reason, "io server disconnect");
  await ben.emitWithAck("add", { text: "still here" });
  const wrong = await ask(server, "POST", "session", { body: { name: "Ann", password: "guess" } });
  assert.deepEqual([wrong.status, wrong.text], [422, "This is not the password of that name."]);
});

test("accounts, notes and sessions outlive the process", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "embedding-"));
  t.after(() => rm(folder, { recursive: true }));
  const env = { DATABASE: join(folder, "notes.db"), COOKIE_KEY: "k".repeat(64) };
  const first = await startExample(t, "embedding", { env });
  const cookie = await logIn(first, "Ann");
  await (await enter(t, first, cookie)).emitWithAck("add", { text: "kept" });
  first.kill("SIGTERM");
  assert.deepEqual(await first.end(), [0, null]);
  const second = await startExample(t, "embedding", { env });
  assert.match((await ask(second, "GET", "notes", { cookie })).text, /"author":"Ann","text":"kept"/);
  await enter(t, second, cookie);
});

test("in the browser: what changes while the list is under way is as it was told", async (t) => {
  const server = await startExample(t, "embedding");
  const cookie = await logIn(server, "Ann");
  const ann = await enter(t, server, cookie);
  const gone = await ann.emitWithAck("add", { text: "removed meanwhile" });
  const page = await open(t, server.url);
  // The list is read, and held until the events are there.
  let answer;
  const held = new Promise((resolve) => {
    page.route("**/api/notes", async (route) => {
      const response = await route.fetch();
      answer = () => route.fulfill({ response });
      resolve();
    });
  });
  await page.getByLabel("Name", { exact: true }).fill("Ben");
  await page.getByLabel("Password").fill("secret");
  await page.getByRole("button", { name: "Log in" }).click();
  await held;
  await ann.emitWithAck("remove", gone.id);
  await ann.emitWithAck("add", { text: "added meanwhile" });
  const added = page.locator("#notes li", { hasText: "added meanwhile" });
  await added.waitFor();
  const listed = page.waitForResponse("**/api/notes");
  await answer();
  await (await listed).finished();
  await ann.emitWithAck("add", { text: "added later" });
  await page.locator("#notes li", { hasText: "added later" }).waitFor();
  assert.deepEqual(await page.locator("#notes li p").allTextContents(), ["added later", "added meanwhile"]);
});

test("in the browser: two people share notes, and one logs out", async (t) => {
  const server = await startExample(t, "embedding");
  const enterPage = async (name) => {
    const page = await open(t, server.url);
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Password").fill("secret");
    await page.getByRole("button", { name: "Log in" }).click();
    await connected(page);
    return page;
  };
  const [ann, ben] = [await enterPage("Ann"), await enterPage("Ben")];
  const note = (page, text) => page.locator("#notes li", { hasText: text });
  for (const how of ["over the socket", "over HTTP"]) {
    await ann.getByLabel("How").selectOption(how);
    await ann.getByLabel("Note", { exact: true }).fill(`<b>${how}</b>`);
    await ann.getByRole("button", { name: "Add" }).click();
    await note(ben, `<b>${how}</b>`).waitFor();
  }
  assert.equal(await ben.getByRole("button", { name: "Remove" }).count(), 0);
  await note(ann, "over HTTP").getByRole("button", { name: "Remove" }).click();
  await note(ben, "over HTTP").waitFor({ state: "detached" });
  await ben.reload();
  await connected(ben);
  await note(ben, "over the socket").waitFor();
  await ben.getByRole("button", { name: "Log out" }).click();
  await ben.locator("#login").waitFor();
});
