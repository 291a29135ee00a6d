// The official bundles in a browser, on a page of another origin than the hub that serves them: CORS,
// the session cookie, and every bundle.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { startServer, within } from "./server.mjs";

const CLIENT = "node_modules/socket.io/client-dist";
const TEXT = "compressible ".repeat(200);

let browser;
let pages;
let origin;

before(async () => {
  browser = await launch();
  pages = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html").end("<!doctype html><title>page</title>");
  });
  await once(pages.listen(0, "127.0.0.1"), "listening");
  origin = `http://127.0.0.1:${pages.address().port}`;
});

after(async () => {
  await browser?.close();
  pages?.close();
});

/** A page of the origin, with the bundle that the hub serves. */
async function open(t, { url }, { bundle = "socket.io.min.js", from = origin } = {}) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(from);
  const answered = page.waitForResponse((response) => response.url().endsWith(bundle));
  await page.evaluate(async ([source, isModule]) => {
    if (isModule) return void (globalThis.io = (await import(source)).io);
    const script = document.createElement("script");
    script.src = source;
    const loaded = new Promise((resolve, reject) => Object.assign(script, { onload: resolve, onerror: reject }));
    document.head.append(script);
    await loaded;
  }, [`${url}/socket.io/${bundle}`, bundle.includes(".esm.")]);
  return { context, page, bundle: await answered };
}

/** Connects in the page, sends text and bytes, and tells what came back. */
const converse = (page, { url }, transports) =>
  within(
    page.evaluate(async ([url, transports, text]) => {
      const socket = globalThis.io(url, { transports, withCredentials: true, reconnection: false });
      const error = await new Promise((resolve) => {
        socket.once("connect", () => resolve());
        socket.once("connect_error", resolve);
      });
      if (error) return { error: error.message };
      const { engine } = socket.io;
      if (engine.transport.name !== transports.at(-1)) {
        await new Promise((resolve) => engine.once("upgrade", resolve));
      }
      const bytes = new Uint8Array([0, 1, 255]).buffer;
      const back = await socket.emitWithAck("message-with-ack", { text, bytes });
      const result = {
        transport: engine.transport.name,
        session: engine.id,
        text: back.text,
        bytes: [...new Uint8Array(back.bytes)],
      };
      socket.disconnect();
      return result;
    }, [url, transports, TEXT]),
    "conversation",
  );

const TRANSPORTS = { polling: ["polling"], WebSocket: ["websocket"], upgrade: ["polling", "websocket"] };

describe("with the default parser", () => {
  let server;
  before(async () => (server = await startServer({ CLIENT, ORIGIN: origin })));
  after(() => server.stop());

  for (const bundle of ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"]) {
    test(`${bundle} comes compressed, and works on a page of another origin`, async (t) => {
      const opened = await open(t, server, { bundle });
      assert.match(opened.bundle.headers()["content-encoding"], /^(gzip|deflate|br)$/);
      for (const transports of Object.values(TRANSPORTS)) {
        const { session, ...result } = await converse(opened.page, server, transports);
        const transport = transports.at(-1);
        assert.deepEqual(result, { transport, text: TEXT, bytes: [0, 1, 255] });
      }
    });
  }

  test("the session cookie is set once, and sent with every request", async (t) => {
    const { context, page } = await open(t, server);
    const sent = [];
    page.on("request", (request) => {
      if (request.url().includes("&sid=")) sent.push(request.allHeaders());
    });
    const { session } = await converse(page, server, ["polling"]);
    const [cookie, ...others] = await context.cookies(server.url);
    assert.deepEqual(others, []);
    const { name, value, path, httpOnly, sameSite } = cookie;
    assert.deepEqual({ name, value, path, httpOnly, sameSite }, {
      name: "io",
      value: session,
      path: "/",
      httpOnly: true,
      sameSite: "Lax",
    });
    assert.ok(sent.length >= 3, `${sent.length} requests`);
    // A preflight bears no cookie.
    const requests = (await Promise.all(sent)).filter((headers) => !headers["access-control-request-method"]);
    for (const headers of requests) assert.equal(headers.cookie, `io=${session}`);
  });

  test("a page of yet another origin cannot poll", async (t) => {
    const { page } = await open(t, server, { from: origin.replace("127.0.0.1", "localhost") });
    assert.deepEqual(await converse(page, server, ["polling"]), { error: "xhr poll error" });
  });
});

describe("with msgpack", () => {
  let server;
  before(async () => (server = await startServer({ CLIENT, ORIGIN: origin, PARSER: "msgpack" })));
  after(() => server.stop());

  for (const [name, transports] of Object.entries(TRANSPORTS)) {
    test(`socket.io.msgpack.min.js, over ${name}`, async (t) => {
      const { page } = await open(t, server, { bundle: "socket.io.msgpack.min.js" });
      const { text, bytes, transport } = await converse(page, server, transports);
      assert.deepEqual([transport, text, bytes], [transports.at(-1), TEXT, [0, 1, 255]]);
    });
  }
});
