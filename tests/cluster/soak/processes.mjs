// Redis and the nodes: started, asked, killed and stopped.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { until, within } from "../harness.mjs";
import { freePort } from "../../ports.mjs";

const { NODE_BIN } = process.env;

class Process {
  #command;
  #args;
  #env;
  #child;

  constructor(name, command, args, env = {}) {
    this.name = name;
    this.#command = command;
    this.#args = args;
    this.#env = env;
  }

  /** Starts it; `ready` is called with each line that it prints, until it is true. */
  async start(ready) {
    const child = spawn(this.#command, this.#args, {
      env: { ...process.env, ...this.#env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    const ended = once(child, "exit").then(([code, signal]) => {
      throw new Error(`${this.name} ended: ${signal ?? code}`);
    });
    ended.catch(() => {}); // it ends some day
    const listens = new Promise((resolve) => {
      createInterface({ input: child.stdout }).on("line", (line) => ready(line) && resolve());
    });
    await within(Promise.race([listens, ended]), `${this.name} that is ready`, 30_000);
  }

  signal(name) {
    this.#child.kill(name);
  }

  get pid() {
    return this.#child.pid;
  }

  async stop(signal) {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await within(exited, `end of ${this.name}`, 60_000);
  }

  /** Resident memory in bytes and open descriptors. */
  async usage() {
    const [status, descriptors] = await Promise.all([
      readFile(`/proc/${this.pid}/status`, "utf8"),
      readdir(`/proc/${this.pid}/fd`),
    ]);
    const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
    return { memory: kib * 1024, descriptors: descriptors.length };
  }
}

export class Redis extends Process {
  #folder;

  /** `persistent`: what was written is there again after a restart. */
  static async start({ persistent }) {
    const port = await freePort();
    const folder = await mkdtemp(path.join(tmpdir(), "soak-redis-"));
    const args = ["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
    if (persistent) args.push("--appendonly", "yes", "--appendfsync", "always");
    const redis = new Redis("redis", "redis-server", args.map(String));
    redis.#folder = folder;
    redis.port = port;
    redis.url = `redis://127.0.0.1:${port}/`;
    await redis.listen();
    return redis;
  }

  listen() {
    return super.start((line) => line.includes("Ready to accept connections"));
  }

  async end() {
    await this.stop("SIGTERM");
    await rm(this.#folder, { recursive: true });
  }

  /** Sends one command, and gives the first line of the answer. */
  async command(line) {
    const socket = connect(this.port, "127.0.0.1");
    try {
      await once(socket, "connect");
      socket.write(`${line}\r\n`);
      const [data] = await within(once(socket, "data"), `answer to ${line}`);
      return data.toString().split("\r\n")[0];
    } finally {
      socket.destroy();
    }
  }
}

export class Node extends Process {
  static async create(name, redis, options) {
    assert.ok(NODE_BIN, "NODE_BIN must name the node's binary");
    const port = await freePort(); // the same after a restart, as behind a load balancer
    const node = new Node(name, NODE_BIN, [], {
      PORT: String(port),
      REDIS: redis.url,
      ADAPTER: options.adapter,
      RECOVERY: options.recovery ? "1" : "0",
    });
    node.url = `http://127.0.0.1:${port}`;
    await node.listen();
    return node;
  }

  listen() {
    return this.start((line) => line.startsWith("ready"));
  }

  /** What the node knows of itself. */
  state() {
    return this.#get("/state");
  }

  /** What it knows of who is online in the cluster: the connections of each user. */
  online() {
    return this.#get("/online");
  }

  async #get(page) {
    const headers = { connection: "close" }; // of one that is kept, the node may tire while we are slow
    const response = await fetch(this.url + page, { headers, signal: AbortSignal.timeout(10_000) });
    assert.ok(response.ok, `${this.name} says ${response.status} to ${page}`);
    return response.json();
  }

  /** Waits until the node says that it is part of the cluster. */
  async joined() {
    const connected = async () => (await this.state().catch(() => undefined))?.connected;
    await until(`${this.name} has joined`, connected, 60_000);
  }
}
