// Servers of Redis: one, or the masters of a Redis Cluster.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient } from "redis";
import { connect } from "./clients.mjs";
import { Process } from "./processes.mjs";
import { freePort } from "../ports.mjs";
import { until, within } from "../waiting.mjs";

/** A redis-server on a port that it keeps over restarts. */
export class Redis {
  ordered = true;
  #folder = mkdtempSync(path.join(tmpdir(), "cluster-redis-"));
  #args;
  #process;
  #client;

  /**
   * `persistent`: what was written is there again after a restart. `bus`: the port on which it talks to the
   * other nodes of a Redis Cluster.
   */
  static async start({ persistent = false, bus } = {}) {
    const redis = new Redis();
    redis.port = await freePort();
    redis.#args = ["--port", redis.port, "--bind", "127.0.0.1", "--dir", redis.#folder, "--save", ""];
    if (persistent) redis.#args.push("--appendonly", "yes", "--appendfsync", "always");
    if (bus) redis.#args.push("--cluster-enabled", "yes", "--cluster-port", bus);
    await redis.restart();
    return redis;
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
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
    return within(this.#client.sendCommand(args.map(String)), `answer to ${args[0]}`);
  }

  exists(key) {
    return this.command("EXISTS", key);
  }

  /** How many have subscribed to a channel of sharded Pub/Sub. */
  async shardSubscribers(channel) {
    const [, count] = await this.command("PUBSUB", "SHARDNUMSUB", channel);
    return Number(count);
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


const SLOTS = 16_384;
const MASTERS = 3;

/** Masters that share the slots. */
export class RedisCluster {
  ordered = false;
  #masters = [];
  #client;

  static async start() {
    const cluster = new RedisCluster();
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #start() {
    const slots = (index) => Math.ceil((index * SLOTS) / MASTERS);
    const entry = await freePort();
    for (let index = 0; index < MASTERS; index++) {
      const master = await Redis.start({ bus: index === 0 ? entry : await freePort() });
      this.#masters.push(master);
      await master.command("CLUSTER", "ADDSLOTSRANGE", slots(index), slots(index + 1) - 1);
      await master.command("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
      // Of the others it hears from the first one.
      await master.command("CLUSTER", "MEET", "127.0.0.1", this.#masters[0].port, entry);
    }
    for (const master of this.#masters) {
      const isWhole = async () => /cluster_state:ok\r\ncluster_slots_assigned:16384/.test(await master.command("CLUSTER", "INFO"));
      await until("the Redis Cluster is whole", isWhole);
    }
    this.#client = await connect(this.url);
  }

  /** Those of all masters, with commas between them. */
  get url() {
    return this.#masters.map(({ url }) => url).join();
  }

  exists(key) {
    return within(this.#client.exists(key), "answer to EXISTS");
  }

  async shardSubscribers(channel) {
    const counts = await Promise.all(this.#masters.map((master) => master.shardSubscribers(channel)));
    return counts.reduce((sum, count) => sum + count);
  }

  async stop() {
    await this.#client?.disconnect();
    await Promise.all(this.#masters.map((master) => master.stop()));
  }
}
