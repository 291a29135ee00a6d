// An example as a process of its own, its page, and clients of it. EXAMPLES_BIN names the folder of their binaries.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { io } from "socket.io-client";
import { launch, newPage } from "./browser.mjs";
import { within } from "./server.mjs";

const { EXAMPLES_BIN } = process.env;

/** Runs an example from a directory of no meaning. */
export function runExample(t, name, args = [], env = {}) {
  assert.ok(EXAMPLES_BIN, "EXAMPLES_BIN must name the folder of the examples' binaries");
  const child = spawn(join(EXAMPLES_BIN, name), args, {
    cwd: tmpdir(),
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const example = { out: "", err: "", kill: (signal) => child.kill(signal) };
  child.stdout.on("data", (data) => (example.out += data));
  child.stderr.on("data", (data) => (example.err += data));
  const lines = createInterface({ input: child.stdout });
  example.firstLine = new Promise((resolve) => lines.once("line", resolve));
  const closed = once(child, "close");
  example.end = () => within(closed, `end of ${name}`);
  t.after(() => {
    child.kill("SIGKILL");
    return example.end();
  });
  return example;
}

/** One that listens. */
export async function startExample(t, name, { port = 0, env } = {}) {
  const example = runExample(t, name, ["--port", String(port)], env);
  const ended = example.end().then(() => `${name} ended: ${example.err}`, () => {});
  const line = await within(Promise.race([example.firstLine, ended]), "line that it listens");
  example.url = new RegExp(`^${name} listening on (http://127\\.0\\.0\\.1:\\d+)$`).exec(line)?.[1];
  assert.ok(example.url, line);
  return example;
}

export function client(t, { url }, options = {}) {
  const socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false, ...options });
  t.after(() => socket.disconnect());
  return socket;
}

/** A browser for the tests of a file: `open` gives a page of a context of its own, or of the one that is given. */
export function useBrowser() {
  let browser;
  before(async () => (browser = await launch()));
  after(() => browser?.close());
  return async (t, url) => {
    const page = await newPage(t, browser, { reducedMotion: "reduce" });
    await page.goto(url);
    return page;
  };
}

export const connected = (page) => page.locator('#status[data-state="connected"]').waitFor();
