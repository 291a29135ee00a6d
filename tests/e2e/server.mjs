// The test server as a process of its own.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { next, within } from "../waiting.mjs";

const SERVER_BIN = process.env.SERVER_BIN;

export { freePort } from "../ports.mjs";
export { next, within };

/** Starts a server, ours unless another `command` is given; `options` become its environment. */
export async function startServer(options = {}, [program, ...args] = [SERVER_BIN]) {
  assert.ok(program, "SERVER_BIN must name the test server's binary");
  const child = spawn(program, args, {
    // A panic that a test asks for needs no backtrace.
    env: { ...process.env, RUST_BACKTRACE: "0", PORT: "0", ...options },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const stop = async (signal = "SIGKILL") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return within(exited, "end of the server");
  };
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const port = /^ready (\d+)$/.exec(line)?.[1];
      if (port) resolve(Number(port));
    });
    exited.then(([code]) => reject(new Error(`the server ended with ${code}`)), reject);
  });
  try {
    const port = await within(ready, "server that is ready");
    return { port, url: `http://127.0.0.1:${port}`, signal: (name) => child.kill(name), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
