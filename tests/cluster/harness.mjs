// A cluster: a Redis server of its own, nodes of both kinds, and clients; and waiting with an end to it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createClient } from "redis";
import { io } from "socket.io-client";
import { Proxy } from "./proxy.mjs";
import { tag, untag } from "./values.mjs";

const SERVER_BIN = process.env.SERVER_BIN;
const WAIT = 30_000; // ms
const SELDOM = 100; // ms, between two questions

export const NAMESPACES = ["/", "/chat", "/deep/down"];

/** The result of a promise, or an error that says what did not happen. */
export async function within(promise, what, ms = WAIT) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a condition, asked again and again, ever less often; what it says about itself is in the error. */
export async function until(what, condition, ms = WAIT) {
  const end = Date.now() + ms;
  for (let between = 5; ; between = Math.min(between * 1.5, SELDOM)) {
    const value = await condition();
    if (value) return value;
    assert.ok(Date.now() < end, `not within ${ms} ms: ${what}`);
    await pause(between);
  }
}

/** The arguments of the next such event. */
export const next = (emitter, event) =>
  within(new Promise((resolve) => emitter.once(event, (...args) => resolve(args))), `"${event}"`);

/** Collects the arguments of an event. */
export function collect(socket, event) {
  const seen = [];
  socket.on(event, (...args) => seen.push(args));
  return seen;
}

/** A port that nobody listens on, for a server that cannot choose one or comes back where it was. */
export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** A process of ours, which does not outlive the tests. */
class Process {
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

/** A redis-server on a port that it keeps over restarts. */
export class Redis {
  #folder = mkdtempSync(path.join(tmpdir(), "cluster-redis-"));
  #args;
  #process;
  #client;

  /** `persistent`: what was written is there again after a restart. */
  static async start({ persistent = false } = {}) {
    const redis = new Redis();
    redis.port = await freePort();
    redis.#args = ["--port", redis.port, "--bind", "127.0.0.1", "--dir", redis.#folder, "--save", ""];
    if (persistent) redis.#args.push("--appendonly", "yes", "--appendfsync", "always");
    await redis.restart();
    return redis;
  }

  async restart() {
    this.#process = new Process("redis-server", this.#args, { stdio: "ignore" });
    // A client for each life: the one before fails its commands when its connection is gone.
    this.#client = createClient({ socket: { port: this.port, reconnectStrategy: 10 } });
    this.#client.on("error", () => {});
    await within(this.#client.connect(), "connection to redis-server");
    // It answers, but with an error, while it reads what it has kept.
    const loaded = () => this.command("PING").catch(() => false);
    await until("redis-server is ready", loaded);
  }

  command(...args) {
    return within(this.#client.sendCommand(args), `answer to ${args[0]}`);
  }

  signal(name) {
    this.#process.child.kill(name);
  }

  async kill() {
    await this.#client.disconnect().catch(() => {});
    await this.#process.stop();
  }

  async stop() {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
  }
}

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
  #proxies = [];
  #rooms = 0;

  /**
   * `adapter` and the rest become the environment of each node, `redis` the options of its Redis. With
   * `proxied`, each node has a `proxy` of its own before it. Unless they are `counted`, nothing says that they
   * know of each other.
   */
  static async start(kinds, { adapter, proxied = false, counted = true, redis, ...env }) {
    const cluster = new Cluster();
    Object.assign(cluster, { adapter, env, proxied });
    cluster.redis = await Redis.start(redis);
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
    const port = proxy ? proxy.port : this.redis.port;
    const options = { ADAPTER: this.adapter, REDIS: `redis://127.0.0.1:${port}`, ...this.env, ...env };
    const node = await Node.start(kind, `${kind} ${this.nodes.length + 1}`, options);
    node.proxy = proxy;
    this.nodes.push(node);
    return node;
  }

  /** What emits to the nodes without being one. */
  emitter() {
    const env = { ADAPTER: this.adapter, REDIS: `redis://127.0.0.1:${this.redis.port}`, ...this.env, EMITTER: "1" };
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
    return until(`${nodes} nodes subscribe to ${channel}`, async () => {
      const [, count] = await this.redis.command("PUBSUB", "SHARDNUMSUB", channel);
      return Number(count) >= nodes;
    });
  }

  /** What this node has had emitted has arrived at these sockets: one sender's order holds. */
  async delivered(node, ...sockets) {
    const marked = Promise.all(sockets.map((socket) => next(socket, "mark")));
    await node.emit("mark", [], { nsp: sockets[0].nsp });
    await marked;
  }

  newRoom() {
    return `room ${++this.#rooms}`;
  }

  async stop() {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await this.redis.stop();
  }
}
