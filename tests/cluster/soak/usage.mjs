// Memory and descriptors of the processes over time. A process that was started again begins anew.

import { setTimeout as sleep } from "node:timers/promises";

const EVERY = 1_000; // ms

export class Usage {
  #seen = new Map(); // process to {pid, first, most, last}

  async look(processes) {
    for (const process of processes) {
      const now = await process.usage().catch(() => undefined);
      if (!now) continue; // it is being started again
      const { pid } = process;
      const before = this.#seen.get(process);
      const seen = before?.pid === pid ? before : { pid, first: now, most: now };
      const most = {
        memory: Math.max(seen.most.memory, now.memory),
        descriptors: Math.max(seen.most.descriptors, now.descriptors),
      };
      this.#seen.set(process, { ...seen, most, last: now });
    }
  }

  async run(processes, signal) {
    while (!signal.aborted) {
      await this.look(processes);
      await sleep(EVERY, undefined, { signal }).catch(() => {});
    }
  }

  /** For each process: {name, first, most, last}. */
  get all() {
    return [...this.#seen].map(([{ name }, seen]) => ({ name, ...seen }));
  }
}
