// A server, clients, and what they saw.

import { once } from "node:events";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { freePort } from "../../ports.mjs";

/** A server, clients of one implementation, and the log of what they saw. */
class Lab {
  log = [];
  #sockets = [];

  constructor(io) {
    this.io = io;
  }

  async serve(setup, options = {}) {
    this.restart = async () => {
      this.http = createServer();
      this.server = new Server(this.http, options);
      await setup(this.server);
      this.http.listen((this.port ??= await freePort()), "127.0.0.1");
      await once(this.http, "listening");
    };
    await this.restart();
  }

  async stop() {
    if (!this.server) return;
    await this.server.close();
    this.server = undefined;
  }

  connect(target = "", options = {}) {
    const socket = this.io(`http://127.0.0.1:${this.port}${target}`, {
      transports: ["websocket"],
      reconnectionDelay: 10,
      reconnectionDelayMax: 20,
      ...options,
    });
    this.#sockets.push(socket);
    return socket;
  }

  note(...entry) {
    this.log.push(entry.map(comparable));
  }

  /** Logs these events of a socket or manager under a label. */
  watch(emitter, label, ...events) {
    for (const event of events) {
      emitter.on(event, (...args) => {
        if (event === "disconnect") args.length = 1; // the rest describes the transport
        this.note(label, event, ...args);
      });
    }
    return emitter;
  }

  async close() {
    for (const socket of this.#sockets) socket.disconnect();
    await this.stop();
  }
}

/** Binary as a list of bytes, errors as what the application reads of them. */
function comparable(value) {
  if (value instanceof Error) return { error: value.message, data: value.data };
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) {
    return { bytes: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] };
  }
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return value.map(comparable);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, comparable(item)]));
  }
  return value;
}

/** A round trip: everything sent before has been handled on both sides. */
export const settled = (socket) => socket.emitWithAck("echo");

export const echo = (server, nsp = "/") =>
  server.of(nsp).on("connection", (socket) => {
    socket.on("echo", (...args) => args.pop()(...args));
    socket.on("return", (...args) => socket.emit("returned", ...args));
  });

/** What a scenario logs with one implementation. */
export async function observe(io, scenario) {
  const lab = new Lab(io);
  try {
    await scenario(lab);
  } finally {
    await lab.close();
  }
  return lab.log;
}
