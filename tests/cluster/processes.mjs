// Processes of the tests.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { within } from "../waiting.mjs";

/** A process of ours, which does not outlive the tests. */
export class Process {
  static #running = new Set();

  static {
    process.on("exit", () => {
      for (const child of Process.#running) child.kill("SIGKILL");
    });
  }

  constructor(program, args, options) {
    this.child = spawn(program, args, options);
    Process.#running.add(this.child);
    this.exited = once(this.child, "exit").finally(() => Process.#running.delete(this.child));
  }

  async stop(signal = "SIGKILL") {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await within(this.exited, `end of ${this.child.spawnfile}`);
  }
}
