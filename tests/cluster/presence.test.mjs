// Users and presence while nodes and Redis fail: right again after the lease, for those who ask and for those who watch,
// and nobody stays who is not there.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Cluster, until } from "./harness.mjs";
import { isConnected } from "./load.mjs";

const ADAPTERS = ["classic", "streams", "sharded-dynamic"];

const LEASE = 4_000; // ms

/** How long it takes until everyone has been told, besides the lease. */
const SPREAD = 2_000; // ms

const LOBBY = "lobby";

/** Who is present, by users: what each of their sockets says of itself. */
const ALL = { ada: ["desk", "phone"], ben: ["tablet"] };

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** People by their names, from what a server or a client is told of those present. */
const byName = (present) =>
  Object.fromEntries(present.map(({ key, metas }) => [key, [...metas].sort()]).sort(([a], [b]) => (a < b ? -1 : 1)));

class Scene {
  /** The sockets, by what they say of themselves, and what those that watch have been told. */
  sockets = {};
  views = new Map();

  static async begin(t, adapter, { lease = LEASE, redis } = {}) {
    const scene = new Scene();
    scene.t = t;
    scene.lease = lease;
    scene.cluster = await Cluster.start(["roomcast", "roomcast"], { adapter, LEASE: String(lease), proxied: true, redis });
    t.after(() => scene.cluster.stop());
    const [one, two] = scene.cluster.nodes;
    await scene.enter(one, "ada", "desk");
    await scene.enter(two, "ada", "phone");
    await scene.enter(two, "ben", "tablet");
    await scene.becomes(ALL);
    return scene;
  }

  /** A socket of this user comes to the lobby and watches who is there. */
  async enter(node, user, meta) {
    const socket = await this.cluster.connect(this.t, node, { auth: { user } });
    const view = { people: new Map(), diffs: 0 };
    socket.on("presence_state", ({ present }) => (view.people = new Map(present.map((person) => [person.key, person]))));
    socket.on("presence_diff", ({ joins, updates, leaves }) => {
      view.diffs++;
      for (const person of [...joins, ...updates]) view.people.set(person.key, person);
      for (const key of leaves) view.people.delete(key);
    });
    socket.on("disconnect", () => this.views.delete(meta));
    this.sockets[meta] = socket;
    this.views.set(meta, view);
    await socket.emitWithAck("watch", LOBBY);
    await socket.emitWithAck("track", LOBBY, meta);
  }

  /** These are present and online, says whoever is asked, of these nodes; and so see those who watch there. */
  async becomes(expected, { nodes = this.cluster.nodes, within } = {}) {
    const watching = [...this.views].filter(([meta]) => nodes.includes(this.sockets[meta].node));
    let wrong;
    await until(`${JSON.stringify(expected)}`, async () => {
      wrong = undefined;
      for (const node of nodes) wrong ??= await this.#differs(node, expected).catch(({ message }) => message);
      for (const [meta, { people }] of watching) {
        const seen = byName([...people.values()]);
        if (!same(seen, expected)) wrong ??= `${meta} sees ${JSON.stringify(seen)}`;
      }
      return wrong === undefined;
    }, within).catch((error) => {
      error.message += `: ${wrong}`;
      throw error;
    });
  }

  async #differs(node, expected) {
    const present = byName((await node.ask("present", { room: LOBBY })).map(({ user, metas }) => ({ key: user, metas })));
    if (!same(present, expected)) return `${node.name} says ${JSON.stringify(present)}`;
    for (const user of Object.keys(ALL)) {
      const { online, connections, seen } = await node.ask("user", { user });
      const there = expected[user]?.length ?? 0;
      if (online !== there > 0 || connections !== there || !seen) return `${node.name} counts ${connections} of ${user}`;
    }
    return undefined;
  }

  /** Nothing changes any more, for longer than leases last. */
  async stays(expected, options) {
    const heard = () => [...this.views.values()].map(({ diffs }) => diffs);
    const before = heard();
    await pause(this.lease + SPREAD);
    assert.deepEqual(heard(), before, "nobody comes or goes");
    await this.becomes(expected, options);
  }

  /** What was still to be noticed has been. */
  async settles() {
    const heard = () => [...this.views.values()].map(({ diffs }) => diffs);
    const quiet = this.lease + SPREAD;
    let before = heard();
    for (let looks = 0; looks < 5; looks++) {
      await pause(quiet);
      const now = heard();
      if (same(now, before)) return;
      before = now;
    }
    assert.fail("somebody comes or goes all the time");
  }

  /** What is sent to a user reaches all their sockets, and nobody else's. */
  async reaches(user, metas) {
    const [node] = this.cluster.nodes;
    const all = Object.entries(this.sockets).filter(([, socket]) => socket.connected);
    const heard = new Set();
    for (const [meta, socket] of all) socket.once("mail", () => heard.add(meta));
    await node.ask("emitToUser", { user, event: "mail", args: [] });
    await this.cluster.delivered(node, all.map(([, socket]) => socket));
    assert.deepEqual([...heard].sort(), metas);
  }

  /** The nodes are connected again. */
  async connected() {
    for (const node of this.cluster.nodes) await until(`${node.name} is connected`, () => isConnected(node));
  }

  /** All is as it was, and changes are told as ever. */
  async isWell() {
    await this.becomes(ALL);
    await this.settles();
    await this.becomes(ALL);
    await this.reaches("ada", ALL.ada);
    this.sockets.tablet.disconnect();
    await this.becomes({ ada: ALL.ada });
  }
}

const FAULTS = {
  "a node is killed, and another one takes its place": async (scene) => {
    const { cluster } = scene;
    const [one, two] = cluster.nodes;
    await two.stop("SIGKILL");
    cluster.nodes.pop();
    await scene.becomes({ ada: ["desk"] }, { within: 3 * scene.lease });
    const three = await cluster.add("roomcast");
    await scene.enter(three, "ada", "phone");
    await scene.enter(three, "ben", "tablet");
    assert.equal((await one.ask("user", { user: "ada" })).nodes, 2);
  },
  "a node is apart from Redis for longer than its lease": async (scene) => {
    const [one, two] = scene.cluster.nodes;
    two.proxy.cut();
    await scene.becomes({ ada: ["desk"] }, { nodes: [one], within: 3 * scene.lease });
    two.proxy.heal();
    await scene.connected();
  },
  "Redis is started again, empty": async (scene) => {
    const { redis } = scene.cluster;
    await redis.kill();
    await redis.restart();
    await scene.connected();
  },
  "Redis is started again, with what it knew some time ago": async (scene) => {
    const { redis, nodes } = scene.cluster;
    await scene.enter(nodes[0], "eve", "watch");
    await scene.becomes({ ...ALL, eve: ["watch"] });
    await redis.command("SAVE");
    for (let n = 0; n < 50; n++) await scene.sockets.watch.emitWithAck("track", LOBBY, `watch ${n}`);
    scene.sockets.watch.disconnect();
    scene.sockets.tablet.disconnect();
    await scene.becomes({ ada: ALL.ada });
    await redis.kill();
    await redis.restart();
    await scene.connected();
    await scene.becomes({ ada: ALL.ada });
    await scene.enter(nodes[1], "ben", "tablet");
  },
  "all keys are deleted": ({ cluster: { redis } }) => redis.command("FLUSHALL"),
  "Redis stands still for longer than leases last": async (scene) => {
    const { redis } = scene.cluster;
    redis.signal("SIGSTOP");
    await pause(2 * LEASE);
    redis.signal("SIGCONT");
    await scene.connected();
  },
  "Redis has no memory for what is written, for longer than leases last": async ({ cluster: { redis } }) => {
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    await pause(2 * LEASE);
    await redis.command("CONFIG", "SET", "maxmemory", "0");
  },
};

describe("presence", { concurrency: 6 }, () => {
  for (const adapter of ADAPTERS) {
    for (const [name, happens] of Object.entries(FAULTS)) {
      // The store is the same with all adapters.
      if (adapter === "sharded-dynamic" && !name.startsWith("a node")) continue;
      test(`${adapter}: ${name}`, async (t) => {
        const scene = await Scene.begin(t, adapter);
        await happens(scene);
        await scene.isWell();
      });
    }

    if (adapter === "sharded-dynamic") continue;
    test(`${adapter}: who is apart for less than the lease has not gone`, async (t) => {
      const scene = await Scene.begin(t, adapter, { lease: 3 * LEASE });
      const [, two] = scene.cluster.nodes;
      two.proxy.cut();
      await until("it is apart", async () => !(await isConnected(two)));
      await pause(LEASE / 4);
      two.proxy.heal();
      await scene.connected();
      await scene.stays(ALL);
    });

    test(`${adapter}: a node that is stopped waits for no lease`, async (t) => {
      const scene = await Scene.begin(t, adapter, { lease: 20 * LEASE });
      const [one, two] = scene.cluster.nodes;
      await two.stop("SIGTERM");
      scene.cluster.nodes.pop();
      await scene.becomes({ ada: ["desk"] }, { nodes: [one], within: scene.lease / 2 });
    });
  }
});
