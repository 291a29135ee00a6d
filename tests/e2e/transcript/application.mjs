// The application of a scenario as a process: told what to do by lines on its standard input, it
// says on its output what it saw.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WAIT, within } from "../../waiting.mjs";

/** Compared with the recording; the rest of it is what only Node's engine tells. */
const SEEN = [
  "connection",
  "disconnecting",
  "disconnect",
  "event",
  "ack received",
  "broadcast ack",
  "ack",
  "engine connection_error",
];

export class Application {
  /** Whether it was told to: then it accepts nothing any more. */
  ends = false;
  #seen = [];
  #steps = [];
  #changed = () => {};

  static async start([program, ...args], scenario) {
    const application = new Application();
    application.child = spawn(program, args, {
      env: { ...process.env, RUST_BACKTRACE: "0", PORT: "0", SCENARIO: scenario },
      cwd: fileURLToPath(new URL("..", import.meta.url)), // where the client's bundles are found
      stdio: ["pipe", "pipe", "inherit"],
    });
    application.child.stdin.on("error", () => {}); // it may have ended
    const ready = new Promise((resolve, reject) => {
      application.child.once("exit", (code) => reject(new Error(`the application ended with ${code}`)));
      createInterface({ input: application.child.stdout }).on("line", (line) => {
        const port = /^ready (\d+)$/.exec(line)?.[1];
        if (port) resolve(Number(port));
        else application.#line(JSON.parse(line));
      });
    });
    ready.catch(() => {});
    application.port = await within(ready, "application that is ready");
    return application;
  }

  #line({ name, args }) {
    if (name === "step") this.#steps.push(args[0]);
    else if (SEEN.includes(name)) this.#seen.push(normal(name, args));
    this.#changed();
  }

  /** Does a step; returns when it is done. */
  async step(label) {
    this.ends ||= label === "server: io.close()";
    this.child.stdin.write(`${label}\n`);
    await this.#until(() => this.#steps.includes(label), `end of the step "${label}"`);
  }

  /** Waits until the application has seen what was recorded, as often as it was recorded so far. */
  async sees({ name, args = [] }) {
    if (!SEEN.includes(name)) return;
    const entry = normal(name, args);
    await this.#until(() => this.#seen.includes(entry), `${entry}; seen besides: ${this.#seen.join(" ")}`);
    this.#seen.splice(this.#seen.indexOf(entry), 1);
  }

  /** What the application saw and the recording does not have. */
  unexpected() {
    return this.#seen;
  }

  async #until(condition, what) {
    const deadline = Date.now() + WAIT;
    while (!condition()) {
      const left = deadline - Date.now();
      assert.ok(left > 0, `the application did not see: ${what}`);
      let timer;
      await new Promise((resolve) => {
        this.#changed = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  stop() {
    this.child.kill("SIGKILL");
  }
}

/** Without what differs in every run; Node names a dynamic namespace after its pattern. */
function normal(name, args) {
  // The context of an error is told in terms of each implementation's own.
  if (name === "engine connection_error") return JSON.stringify([name, ...args.slice(0, 2)]);
  // Who answers first is left to chance.
  if (name === "broadcast ack") return JSON.stringify([name, args[0], [...args[1]].sort()]);
  const [nsp, ...rest] = args;
  const entry = [name, nsp === "/_0" ? "/dynamic-101" : nsp, ...rest];
  const isId = (room) => /^[\w-]{20}$/.test(room);
  return JSON.stringify(entry, (key, value) => {
    if (value?.$binary !== undefined) return [...Buffer.from(value.$binary, "base64")];
    if (key === "rooms") return value.map((room) => (isId(room) ? "<id>" : room)).sort();
    return key === "id" || key === "data" ? undefined : value;
  });
}
