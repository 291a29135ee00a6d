// The page of @socket.io/admin-ui in a real browser, with its own server and with roomcast.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import parser from "socket.io-msgpack-parser";
import { chooseParser, go, isConnected, logIn, open, row } from "./admin/browser.mjs";
import { KINDS, PASSWORD, connect, startWith } from "./admin/kit.mjs";
import { launch } from "./browser.mjs";
import { next } from "./server.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const kind of Object.keys(KINDS)) {
  describe(kind, { concurrency: 2 }, () => {
    const start = (t, options) => startWith(t, kind, { auth: true, ...options });

    test("an operator logs in", async (t) => {
      const server = await start(t);
      const page = await open(t, browser, server);
      await logIn(page, server, "guess");
      await page.getByText("Invalid credentials").waitFor();
      await logIn(page, server, PASSWORD);
      await isConnected(page);
    });

    // Node tells the page its session before it is connected, and then this version of the page misses it.
    test("an operator stays logged in", { skip: kind !== "roomcast" }, async (t) => {
      const server = await start(t);
      const page = await admitted(t, server);
      await page.reload();
      await isConnected(page);
      assert.equal(await page.getByLabel("Password").isVisible(), false);
    });

    test("sockets appear, with what is known of them, and go", async (t) => {
      const server = await start(t);
      const early = await connect(t, server);
      const page = await admitted(t, server);
      await go(page, "Sockets");
      await row(page, early.id).waitFor();
      const late = await connect(t, server, "/", { query: { colour: "red" } });
      await row(page, late.id).waitFor();
      await row(page, late.id).getByText("WebSocket").waitFor();
      late.emit("describe", { mood: "curious" });
      await row(page, late.id).click();
      await page.getByText('"mood": "curious"').waitFor();
      await page.getByText(late.io.engine.id.slice(0, 12)).waitFor();
      await page.getByRole("cell", { name: "colour" }).waitFor();
      await page.getByRole("cell", { name: "red" }).waitFor();
      await go(page, "Sockets");
      const { id } = late;
      late.disconnect();
      await row(page, id).waitFor({ state: "detached" });
      assert.equal(await row(page, early.id).count(), 1);
    });

    test("a socket is made to join a room and to leave it", async (t) => {
      const server = await start(t);
      const client = await connect(t, server);
      const page = await admitted(t, server);
      await go(page, "Sockets");
      await row(page, client.id).click();
      await page.getByLabel("Join a room").fill("tea");
      await page.locator("form:visible button[type=submit]").click();
      await row(page, "tea").waitFor();
      client.emit("cast", { to: ["tea"], from_all: true, event: "news", args: [1] });
      assert.deepEqual(await next(client, "news"), [1]);

      await go(page, "Rooms");
      await row(page, "tea").click();
      await row(page, client.id).waitFor();
      // The first is to leave, the second to be disconnected.
      await row(page, client.id).getByRole("button").first().click();
      await go(page, "Rooms");
      await row(page, "tea").waitFor({ state: "detached" });
      assert.ok(client.connected);
      client.emit("cast", { to: ["tea"], from_all: true, event: "news", args: [2] });
      client.emit("cast", { from_all: true, event: "news", args: [3] });
      assert.deepEqual(await next(client, "news"), [3]);
    });

    test("a socket is disconnected", async (t) => {
      const server = await start(t);
      const [client, other] = [await connect(t, server), await connect(t, server)];
      const page = await admitted(t, server);
      await go(page, "Sockets");
      const { id } = client;
      const gone = next(client, "disconnect");
      await row(page, id).getByRole("button").click();
      assert.equal((await gone)[0], "io server disconnect");
      await go(page, "Sockets");
      await row(page, id).waitFor({ state: "detached" });
      await row(page, other.id).waitFor();
      assert.ok(other.connected);
    });

    test("events are listed as they happen", async (t) => {
      const server = await start(t);
      // The page shows the namespaces that it knows.
      const client = await connect(t, server);
      const page = await admitted(t, server);
      await go(page, "Events");
      client.emit("message", "first words");
      const received = row(page, "Event received").filter({ hasText: "Event name: message" });
      await received.getByRole("button").click();
      await page.getByText('"first words"').waitFor();
      await row(page, "Event sent").filter({ hasText: "Event name: message-back" }).waitFor();
      const { id } = client;
      client.disconnect();
      await row(page, id).filter({ hasText: "client namespace disconnect" }).waitFor();
    });

    test("the server shows its figures", async (t) => {
      const server = await start(t, { mode: "production" });
      const client = await connect(t, server);
      const page = await admitted(t, server);
      const drawer = page.getByRole("navigation");
      assert.equal(await drawer.getByRole("link", { name: "Sockets", exact: true }).count(), 0, "figures only");
      await go(page, "Servers");
      await page.getByRole("cell", { name: "Healthy", exact: true }).waitFor();
      const clients = page.locator("tbody tr td:nth-child(5)");
      await clients.getByText("2", { exact: true }).waitFor();
      client.disconnect();
      await clients.getByText("1", { exact: true }).waitFor();
    });

    test("nothing can be done where a page may only read", async (t) => {
      const server = await start(t, { readonly: true });
      const client = await connect(t, server);
      await client.emitWithAck("join", "tea");
      const page = await admitted(t, server);
      await go(page, "Sockets");
      await row(page, client.id).waitFor();
      assert.equal(await row(page, client.id).getByRole("button").count(), 0);
      await go(page, "Rooms");
      await row(page, "tea").waitFor();
      assert.equal(await row(page, "tea").getByRole("button").count(), 0);
    });

    test("a page talks as its server does", async (t) => {
      const server = await start(t, { PARSER: "msgpack" });
      const client = await connect(t, server, "/", { parser });
      const page = await open(t, browser, server);
      await chooseParser(page, "MessagePack parser");
      await logIn(page, server, PASSWORD);
      await isConnected(page);
      await go(page, "Sockets");
      await row(page, client.id).waitFor();
      await row(page, client.id).click();
      await page.getByLabel("Join a room").fill("tea");
      await page.locator("form:visible button[type=submit]").click();
      await row(page, "tea").waitFor();
      await go(page, "Events");
      client.emit("message", { bytes: Buffer.from([1, 2]) });
      await row(page, "Event sent").filter({ hasText: "Event name: message-back" }).waitFor();
    });

    test("a page from another origin connects where it is allowed", async (t) => {
      // Any other server of the page will do.
      const elsewhere = await startWith(t, "Node.js");
      const strict = await start(t);
      const friendly = await start(t, { ORIGIN: elsewhere.url });
      const page = await open(t, browser, elsewhere);
      await logIn(page, strict, PASSWORD);
      await page.getByText("Error: xhr poll error").waitFor();
      await logIn(page, friendly, PASSWORD);
      await isConnected(page);
    });
  });
}

/** The page of an operator who has logged in. */
async function admitted(t, server) {
  const page = await open(t, browser, server);
  await logIn(page, server, PASSWORD);
  await isConnected(page);
  return page;
}
