// The texts of others that the guide's chapter "Troubleshooting" quotes: those of socket.io-client are in its
// bundle, those of the browser are what Chromium writes to its console.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const WAIT = 120_000; // ms, for a whole test

const read = (path) => readFile(fileURLToPath(new URL(path, import.meta.url)), "utf8");

/** The texts in the first column of the tables with this header. */
async function quotes(header) {
  const page = await read("../../guide/src/troubleshooting.md");
  const tables = [...page.matchAll(new RegExp(`^\\| ${header} \\|.*\\n((?:\\|.*\\n)+)`, "gm"))];
  const cells = tables.flatMap(([, rows]) => rows.split("\n").map((row) => row.split(" | ")[0]));
  return cells.flatMap((cell) => [...cell.matchAll(/`(.*?)`/g)].map(([, text]) => text));
}

/** Whether a text is a quote, in which `..` stands for anything. */
const isQuoted = (text, quote) => {
  let rest = text;
  return quote.split("..").every((part) => {
    const at = rest.indexOf(part.trim());
    rest = rest.slice(at + part.trim().length);
    return at >= 0;
  });
};

test("the client says what the page says that it says", async () => {
  const client = await read("node_modules/socket.io-client/dist/socket.io.js");
  const quoted = await quotes("the client says");
  assert.ok(quoted.length > 10);
  for (const quote of quoted) {
    for (const part of quote.split("..")) assert.ok(client.includes(part), quote);
  }
});

/** What a page does, and how the server of another origin answers it. */
const CASES = [
  { answer: {} },
  { request: { headers: { "x-key": "sesame" } }, answer: {} },
  { request: { credentials: "include" }, answer: { "Access-Control-Allow-Origin": "*" } },
  { request: { credentials: "include" }, answer: { "Access-Control-Allow-Origin": "ORIGIN" } },
  { answer: { "Access-Control-Allow-Origin": ["*", "*"] } },
  { answer: { "Access-Control-Allow-Origin": "https://elsewhere.example" } },
  { websocket: true },
  { websocket: true, policy: "connect-src 'self'" },
];

let pages;
let other;
let answer;
before(async () => {
  pages = await listen((request, response) => {
    const policy = new URL(request.url, "http://x").searchParams.get("policy");
    response.setHeader("Content-Type", "text/html");
    if (policy) response.setHeader("Content-Security-Policy", policy);
    response.end("<title>A page</title>");
  });
  other = await listen((_, response) => {
    for (const [name, value] of Object.entries(answer ?? {})) {
      response.setHeader(name, value === "ORIGIN" ? pages.url : value);
    }
    response.end();
  });
});
after(() => Promise.all([pages?.stop(), other?.stop()]));

async function listen(handler) {
  const server = createServer(handler);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const stop = () => new Promise((done) => server.close(done).closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

test("the browser says what the page says that it says", { timeout: WAIT }, async (t) => {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu"],
  });
  t.after(() => browser.close());
  const said = [];
  for (const { request, answer: headers, websocket, policy } of CASES) {
    answer = headers;
    const page = await browser.newPage();
    await page.goto(`${pages.url}/?policy=${encodeURIComponent(policy ?? "")}`);
    const line = page.waitForEvent("console", (message) => message.type() === "error");
    await page.evaluate(
      ({ url, request, websocket }) => {
        if (websocket) new WebSocket(url.replace("http", "ws"));
        else fetch(url, request).catch(() => {});
      },
      { url: other.url, request, websocket },
    );
    said.push((await line).text());
    await page.close();
  }
  // A page of https would be needed for it.
  const quoted = (await quotes("the browser says")).filter((quote) => !quote.startsWith("Mixed Content"));
  for (const quote of quoted) {
    assert.ok(said.some((text) => isQuoted(text, quote)), `${quote}\n${said.join("\n")}`);
  }
  for (const text of said) assert.ok(quoted.some((quote) => isQuoted(text, quote)), text);
});
