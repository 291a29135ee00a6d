// A network between client and server, whatever the transport: it can break, fall silent, and refuse
// some requests.

import { once } from "node:events";
import { connect, createServer } from "node:net";

const HOST = "127.0.0.1";

export class Wire {
  #sockets = new Set();
  #state = "carries";
  #refused;

  /** A wire to the server; clients connect to its `url`. What begins as `refused` does not pass. */
  static async to(t, server, refused = /^$/) {
    const wire = new Wire();
    wire.#refused = refused;
    const listener = createServer((near) => wire.#open(near, server.port));
    listener.listen(0, HOST);
    await once(listener, "listening");
    wire.url = `http://${HOST}:${listener.address().port}`;
    t.after(() => {
      listener.close();
      wire.cut();
    });
    return wire;
  }

  #open(near, port) {
    this.#keep(near);
    near.once("data", (request) => {
      if (this.#state === "silent") return;
      if (this.#state === "cut" || this.#refused.test(request)) return near.destroy();
      const far = this.#keep(connect(port, HOST));
      far.write(request);
      this.#carry(near, far);
      this.#carry(far, near);
    });
  }

  #keep(socket) {
    this.#sockets.add(socket);
    socket.on("error", () => {}); // "close" follows
    socket.once("close", () => this.#sockets.delete(socket));
    return socket.setNoDelay(true);
  }

  #carry(from, to) {
    from.on("data", (data) => this.#state === "carries" && to.write(data));
    from.once("close", () => this.#state === "carries" && to.destroy());
  }

  /** Ends all connections, and every new one. */
  cut() {
    this.#state = "cut";
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Carries nothing any more, which nobody is told. */
  fallSilent() {
    this.#state = "silent";
  }

  /** What was silent before is told so: an attempt to connect need not run into its timeout. */
  mend() {
    if (this.#state === "silent") for (const socket of this.#sockets) socket.destroy();
    this.#state = "carries";
  }
}
