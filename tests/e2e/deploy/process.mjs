// Programs that tests start, and waiting for what they do.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { until, within } from "../../waiting.mjs";

const ADMIN = ["/usr/sbin", "/usr/local/sbin"]; // where Debian has the proxies, and not everybody looks

export { until };

/** A program that does not outlive the tests. */
export class Process {
  static #running = new Set();

  static {
    // The signal that nginx passes on to its workers.
    process.on("exit", () => Process.#running.forEach((child) => child.kill("SIGTERM")));
  }

  output = "";

  constructor(program, ...args) {
    const PATH = [process.env.PATH, ...ADMIN].join(path.delimiter);
    this.child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, PATH } });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (data) => (this.output += data));
    Process.#running.add(this.child);
    this.exited = once(this.child, "exit").finally(() => Process.#running.delete(this.child));
  }

  get runs() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits until it has printed this. */
  async prints(pattern) {
    await until(`${this.child.spawnfile} prints ${pattern}`, () => {
      assert.ok(this.runs, this.output);
      return pattern.test(this.output);
    });
  }

  async stop(signal = "SIGTERM") {
    if (this.runs) this.child.kill(signal);
    await within(this.exited, `end of ${this.child.spawnfile}`);
  }
}
