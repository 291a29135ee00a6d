// What the tests of all features use: the test server, and official clients of one variant.

import { after, before } from "node:test";
import { io } from "socket.io-client";
import { next, startServer, within } from "../server.mjs";

export class Lab {
  #rooms = 0;

  constructor({ options, env }) {
    this.options = options;
    this.env = env;
    this.upgrades = options.transports.length > 1;
    this.polls = !this.upgrades && options.transports[0] === "polling";
    this.encodes = options.parser ? "msgpack" : "text";
    before(async () => (this.server = await startServer(env)));
    after(() => this.server.stop());
  }

  /** A server for one test alone; `env` adds to the variant's. */
  async own(t, env) {
    const server = await startServer({ ...this.env, ...env });
    t.after(() => server.stop());
    return server;
  }

  /** A socket on a connection of its own. */
  open(t, { server = this.server, nsp = "/", ...options } = {}) {
    const socket = io(server.url + nsp, {
      ...this.options,
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 50,
      ...options,
    });
    t.after(() => socket.disconnect());
    return socket;
  }

  /** A socket that has connected, and where it upgrades, has done so. */
  async connect(t, options) {
    const socket = this.open(t, options);
    await next(socket, "connect");
    await this.upgraded(socket);
    return socket;
  }

  connectAll(t, count, options) {
    return Promise.all(Array.from({ length: count }, () => this.connect(t, options)));
  }

  async upgraded({ io: { engine } }) {
    if (!this.upgrades || engine.transport.name === "websocket") return;
    const failed = new Promise((_, reject) => {
      engine.once("upgradeError", reject);
      engine.once("close", (reason) => reject(new Error(`closed before its upgrade: ${reason}`)));
    });
    await Promise.race([next(engine, "upgrade"), failed]);
  }

  /** A socket of another namespace on the connection of this one. */
  async multiplex(t, socket, nsp) {
    const other = socket.io.socket(nsp);
    t.after(() => other.disconnect());
    await next(other, "connect");
    return other;
  }

  /** Sends what no client would. */
  async inject(socket, text) {
    const { transport, id } = socket.io.engine;
    if (transport.name === "websocket") return transport.ws.send(text);
    const url = `${this.server.url}/socket.io/?EIO=4&transport=polling&sid=${id}`;
    // On a connection of its own: of one that is kept, the server may tire while we are slow.
    await fetch(url, { method: "POST", body: text, headers: { connection: "close" } });
  }

  /** A name that sorts behind those before it. */
  newRoom() {
    return `room ${String(++this.#rooms).padStart(4, "0")}`;
  }
}

/** What the server says of a socket's end, its reason and its rooms; to be asked for before. */
export const gone = (observer, { id }) =>
  within(
    new Promise((resolve) => {
      observer.on("gone", (socket, reason, rooms) => socket === id && resolve({ reason, rooms }));
    }),
    `"gone" of ${id}`,
  );

export const join = (room, ...sockets) =>
  Promise.all(sockets.map((socket) => socket.emitWithAck("join", room)));

/** Collects the arguments of an event. */
export function collect(socket, event) {
  const seen = [];
  socket.on(event, (...args) => seen.push(args));
  return seen;
}

/** A round trip: what these sockets sent, and what the server answered to it, has arrived. */
export const settled = (...sockets) =>
  within(Promise.all(sockets.map((socket) => socket.emitWithAck("message-with-ack"))), "round trip");

/** What the sender had the server emit has arrived at these sockets: one sender's order holds. */
export async function delivered(sender, ...sockets) {
  const marked = Promise.all(sockets.map((socket) => next(socket, "mark")));
  const to = sockets.map((socket) => socket.id);
  await sender.emitWithAck("cast", { to, from_all: true, event: "mark" });
  await marked;
}
