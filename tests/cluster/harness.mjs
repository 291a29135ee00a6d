// A cluster: nodes of both kinds, clients, and the Redis between the nodes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { Process } from "./processes.mjs";
import { Proxy } from "./proxy.mjs";
import { Redis } from "./redis.mjs";
import { tag, untag } from "./values.mjs";
import { WAIT, next, until, within } from "../waiting.mjs";

export { Redis } from "./redis.mjs";
export { collect, next, until, within } from "../waiting.mjs";

const SERVER_BIN = process.env.SERVER_BIN;

export const NAMESPACES = ["/", "/chat", "/deep/down"];

/** A node of the cluster, of either kind. */
export class Node {
  #process;

  /** `env` adds to its environment. */
  static async start(kind, name, env) {
    const node = new Node();
    node.kind = kind;
    node.name = name;
    const [program, ...args] = COMMANDS[kind]();
    node.#process = new Process(program, args, {
      env: { ...process.env, PORT: "0", NAME: name, NAMESPACES: NAMESPACES.join(","), ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ready = new Promise((resolve, reject) => {
      createInterface({ input: node.#process.child.stdout }).on("line", (line) => {
        const port = /^ready (\d+)$/.exec(line)?.[1];
        if (port) resolve(Number(port));
      });
      node.#process.exited.then(([code]) => reject(new Error(`${name} ended with ${code}`)), reject);
    });
    try {
      node.url = `http://127.0.0.1:${await within(ready, `${kind} node that is ready`)}`;
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  /** Has the node do something; what it returned. */
  async ask(op, about = {}, ms = WAIT) {
    const body = JSON.stringify(tag({ op, nsp: "/", ...about }));
    // A connection for each: of one that is kept, the node may tire while we are slow.
    const asked = request(`${this.url}/control`, { method: "POST", agent: false }).end(body);
    const [response] = await within(once(asked, "response"), `answer of ${this.name} to ${op}`, ms);
    const { value, error } = await json(response);
    if (error !== undefined) throw new Error(`${op} at ${this.name}: ${error}`);
    return untag(value);
  }

  emit(event, args = [], target = {}) {
    return this.ask("emit", { ...target, event, args });
  }

  signal(name) {
    this.#process.child.kill(name);
  }

  stop(signal) {
    return this.#process.stop(signal);
  }
}

const COMMANDS = {
  node: () => [process.execPath, fileURLToPath(new URL("peer.mjs", import.meta.url))],
  roomcast: () => {
    assert.ok(SERVER_BIN, "SERVER_BIN must name the test server's binary");
    return [SERVER_BIN];
  },
};

/** Nodes that share a Redis. */
export class Cluster {
  nodes = [];
  #own;
  #proxies = [];
  #rooms = 0;

  /** On a Redis server of its own, started with the options `redis`; for the others see `on`. */
  static async start(kinds, { redis, ...options }) {
    const own = await Redis.start(redis);
    try {
      const cluster = await Cluster.on(own, kinds, options);
      cluster.#own = own;
      return cluster;
    } catch (error) {
      await own.stop();
      throw error;
    }
  }

  /**
   * `adapter` and the rest become the environment of each node. With `proxied`, each node has a `proxy` of its
   * own before the server. Unless they are `counted`, nothing says that they know of each other.
   */
  static async on(redis, kinds, { adapter, proxied = false, counted = true, ...env }) {
    const cluster = new Cluster();
    Object.assign(cluster, { adapter, env, proxied, redis });
    try {
      for (const kind of kinds) await cluster.add(kind);
      if (counted) await cluster.complete();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Adds a node; `env` adds to the environment that all have. */
  async add(kind, env) {
    const proxy = this.proxied && (await Proxy.start(this.redis.port));
    if (proxy) this.#proxies.push(proxy);
    const redis = proxy ? `redis://127.0.0.1:${proxy.port}` : this.redis.url;
    const options = { ADAPTER: this.adapter, REDIS: redis, ...this.env, ...env };
    const node = await Node.start(kind, `${kind} ${this.nodes.length + 1}`, options);
    node.proxy = proxy;
    this.nodes.push(node);
    return node;
  }

  /** What emits to the nodes without being one. */
  emitter() {
    const env = { ADAPTER: this.adapter, REDIS: this.redis.url, ...this.env, EMITTER: "1" };
    return Node.start("roomcast", "emitter", env);
  }

  /** Every node counts all nodes, in every namespace; it cannot before it is connected itself. */
  async complete() {
    for (const node of this.nodes) {
      for (const nsp of NAMESPACES) {
        let counted;
        const all = async () => (counted = await node.ask("serverCount", { nsp }).catch(String)) === this.nodes.length;
        await until(`${node.name} counts ${this.nodes.length} nodes in ${nsp}`, all).catch((error) => {
          error.message += `, but ${counted}`;
          throw error;
        });
      }
    }
  }

  /** A client of this node, on a connection of its own, once the node hears what is for it alone. */
  async connect(t, node, { nsp = "/", ...options } = {}) {
    const socket = io(node.url + nsp, {
      forceNew: true,
      perMessageDeflate: { threshold: 100 },
      reconnection: false,
      transports: ["websocket"],
      ...options,
    });
    t.after(() => socket.disconnect());
    await next(socket, "connect");
    socket.node = node;
    if (this.adapter === "sharded-dynamic-private") await this.subscribed(nsp, socket.id, 1);
    return socket;
  }

  /** These sockets are in the room, and their nodes hear what is for it. */
  async join(room, ...sockets) {
    await within(Promise.all(sockets.map((socket) => socket.emitWithAck("join", room))), "join");
    const nodes = new Set(sockets.map((socket) => socket.node)).size;
    if (this.adapter.startsWith("sharded-dynamic")) await this.subscribed(sockets[0].nsp, room, nodes);
  }

  /** Of the sharded adapter: so many nodes hear what is for the room. */
  subscribed(nsp, room, nodes) {
    const channel = `${this.env.PREFIX ?? "socket.io"}#${nsp}#${room}#`;
    const subscribed = async () => (await this.redis.shardSubscribers(channel)) >= nodes;
    return until(`${nodes} nodes subscribe to ${channel}`, subscribed);
  }

  /** What this node has had emitted has arrived at these sockets: a mark has, behind it; or else `arrived` tells. */
  async delivered(node, sockets, arrived = () => true) {
    const marked = Promise.all(sockets.map((socket) => next(socket, "mark")));
    await node.emit("mark", [], { nsp: sockets[0].nsp });
    await marked;
    if (!this.ordered(node)) await until("what was emitted arrives", arrived);
  }

  /**
   * Whether what this node emits keeps its order. In a Redis Cluster what is published takes several ways, and is
   * only kept in order by a roomcast node, which publishes on one of them what is not sharded.
   */
  ordered({ kind }) {
    const { adapter, redis } = this;
    return redis.ordered || adapter === "streams" || (kind === "roomcast" && adapter.startsWith("classic"));
  }

  /** No node has a socket, of a test before for example. For tests that ask for all of them. */
  async deserted() {
    for (const node of this.nodes) {
      for (const nsp of NAMESPACES) {
        const nobody = async () => (await node.ask("fetch", { nsp, local: true })).length === 0;
        await until(`${node.name} has no socket in ${nsp}`, nobody);
      }
    }
  }

  /** A name that sorts behind those before it. */
  newRoom() {
    return `room ${String(++this.#rooms).padStart(4, "0")}`;
  }

  async stop() {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await this.#own?.stop();
  }
}
