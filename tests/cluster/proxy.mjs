// A TCP proxy that does to connections what networks do.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Proxy {
  #server = createServer((near) => this.#accept(near));
  #pairs = new Set();
  #refuses = false;
  #stalled = false;
  #drops = false;
  #delay = 0; // ms

  /** In front of this port of the loopback interface. */
  static async start(target) {
    const proxy = new Proxy();
    proxy.target = target;
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    proxy.port = proxy.#server.address().port;
    return proxy;
  }

  /** All connections end, and until it heals none is accepted. */
  cut() {
    this.#refuses = true;
    this.#end();
  }

  /** Nothing arrives any more until it heals, and nobody is told; then it all does. */
  stall() {
    this.#stalled = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** What is sent until it heals is lost, in the middle of a stream. */
  drop() {
    this.#drops = true;
  }

  /** Everything arrives so much later, in milliseconds, until it heals. */
  delay(ms) {
    this.#delay = ms;
  }

  heal() {
    this.#refuses = this.#stalled = this.#drops = false;
    this.#delay = 0;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async stop() {
    this.#end();
    this.#server.close();
    await once(this.#server, "close");
  }

  #end() {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
  }

  #accept(near) {
    if (this.#refuses) return near.destroy();
    const far = connect(this.target, "127.0.0.1");
    const pair = [near, far];
    this.#pairs.add(pair);
    this.#forward(near, far, pair);
    this.#forward(far, near, pair);
    if (this.#stalled) for (const socket of pair) socket.pause();
  }

  #forward(from, to, pair) {
    let due = Promise.resolve();
    const later = (what) => {
      const delayed = this.#delay && new Promise((resolve) => setTimeout(resolve, this.#delay));
      due = due.then(() => delayed).then(what);
    };
    from.on("data", (bytes) => {
      if (!this.#drops) later(() => to.write(bytes));
    });
    from.on("error", () => {}); // "close" follows
    from.on("close", () =>
      later(() => {
        to.destroy();
        this.#pairs.delete(pair);
      }),
    );
  }
}
