// A session that its client takes to the other node.

import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, next, until } from "../harness.mjs";

/** The connection of a socket is lost. */
async function cut(socket) {
  const lost = next(socket, "disconnect");
  socket.io.engine.transport.ws.terminate();
  await lost;
}

/** It connects again, to this node. */
async function comeBack(socket, node) {
  socket.node = node;
  socket.io.uri = node.url;
  const back = next(socket, "connect");
  socket.connect();
  await back;
}

/** To any node, where all share a log. */
export function recovery(lab) {
  /** It is lost, and its node has put the session away. */
  async function lose({ redis, env }, socket) {
    await cut(socket);
    const key = `${env.PREFIX ? `${env.PREFIX}:session:` : "sio:session:"}${socket._pid}`;
    await until("the session is kept", () => redis.exists(key));
  }

  test("it gets what it missed, in order and once, and goes on", async (t) => {
    const { cluster, from, to } = lab;
    const data = { name: "Ada 🚀" };
    const socket = await cluster.connect(t, from, { auth: { data } });
    const witness = await cluster.connect(t, to);
    const [a, b] = [cluster.newRoom(), cluster.newRoom()];
    await cluster.join(a, socket);
    await cluster.join(b, witness);
    const seen = collect(socket, "number");
    const { id } = socket;
    const sent = new Map([[from, []], [to, []]]);
    const emit = (node, target) => {
      const numbers = sent.get(node);
      numbers.push(numbers.length);
      return node.emit("number", [numbers.at(-1), node.name], target);
    };
    const nobodys = (node, target) => node.emit("number", ["not for it"], target);

    /** A little of everything, from both nodes; some of it is for others. */
    const round = async () => {
      for (const node of [from, to]) {
        await emit(node, {});
        await emit(node, { to: [a] });
        await nobodys(node, { to: [b] });
        await nobodys(node, { except: [a] });
        await nobodys(node, { to: [a], except: [id] });
        await emit(node, { to: [id] });
        await emit(node, { to: [a, b] });
      }
    };
    const count = () => sent.get(from).length + sent.get(to).length;
    /** What each node has sent, in its order; which of two nodes comes first, nobody says. */
    const hasAll = () => {
      assert.equal(seen.length, count());
      for (const [node, numbers] of sent) {
        const its = seen.filter(([, name]) => name === node.name);
        assert.deepEqual(its.map(([number]) => number), numbers, node.name);
      }
    };

    for (const home of [to, from]) {
      await round();
      await until("all has arrived", () => seen.length === count());
      await lose(cluster, socket);
      await round();
      await comeBack(socket, home);
      assert.ok(socket.recovered);
      assert.equal(socket.id, id);
      const [{ rooms, data: found }] = await to.ask("fetch", { to: [id] });
      assert.deepEqual([rooms.filter((room) => room !== id), found], [[a], data]);
      await round();
      await until("all has arrived", () => seen.length >= count());
      hasAll();
    }
    await cluster.delivered(from, [socket]);
    hasAll();
  });

  test("what it missed may be binary", async (t) => {
    const { cluster, from, to } = lab;
    const socket = await cluster.connect(t, from);
    const seen = collect(socket, "news");
    await from.emit("news", ["before"]);
    await until("the first has arrived", () => seen.length === 1);
    await lose(cluster, socket);
    const sent = [Buffer.from([1, 2]), { "été \"\\": [Buffer.alloc(0), 2 ** 40] }];
    for (const node of [from, to]) await node.emit("news", [node.name, ...sent]);
    await comeBack(socket, to);
    await until("all has arrived", () => seen.length === 3);
    assert.ok(socket.recovered);
    const missed = seen.slice(1).map(lab.plain(socket)).sort();
    assert.deepEqual(missed, [[from.name, ...sent], [to.name, ...sent]].sort());
  });

  test("a session is taken once, and one that nobody knows is new", async (t) => {
    const { cluster, from, to } = lab;
    const socket = await cluster.connect(t, from);
    const arrived = next(socket, "news");
    await from.emit("news", []);
    await arrived;
    const { id, _pid: pid, _lastOffset: offset } = socket;
    await lose(cluster, socket);
    await comeBack(socket, to);
    assert.ok(socket.recovered);
    const thief = await cluster.connect(t, from, { auth: { pid, offset } });
    assert.ok(!thief.recovered);
    assert.notEqual(thief.id, id);
  });

  test("who leaves on purpose has no session to come back to", async (t) => {
    const { cluster, from, to } = lab;
    await cluster.deserted();
    const socket = await cluster.connect(t, from);
    const arrived = next(socket, "news");
    await from.emit("news", []);
    await arrived;
    socket.disconnect();
    await until("it has gone", async () => (await from.ask("fetch", {})).length === 0);
    await comeBack(socket, to);
    assert.ok(!socket.recovered);
  });
}

/** To the same node, which keeps the log for itself, but hears what the others emit. */
export function recoveryHere(lab) {
  test("a client comes back to what the other node has emitted meanwhile", async (t) => {
    const { cluster, from, to } = lab;
    await cluster.deserted();
    const socket = await cluster.connect(t, to);
    const other = await cluster.connect(t, to);
    const [a, b] = [cluster.newRoom(), cluster.newRoom()];
    await cluster.join(a, socket);
    await cluster.join(b, other);
    const seen = collect(socket, "news");
    await from.emit("news", ["before"], { to: [a] });
    await until("the first has arrived", () => seen.length === 1);
    const { id } = socket;
    await cut(socket);
    await until("it has gone", async () => (await to.ask("fetch", { local: true })).length === 1);
    await from.emit("news", ["to all"]);
    await from.emit("news", ["to its room", Buffer.from([1])], { to: [a] });
    await from.emit("news", ["to another"], { to: [b] });
    await from.emit("news", ["not to its room"], { except: [a] });
    await cluster.delivered(from, [other]);
    await comeBack(socket, to);
    assert.ok(socket.recovered);
    assert.equal(socket.id, id);
    await from.emit("news", ["after"], { to: [a] });
    await until("the last has arrived", () => seen.length >= 4);
    const all = [["before"], ["to all"], ["to its room", Buffer.from([1])], ["after"]];
    assert.deepEqual(seen.map(lab.plain(socket)), all);
  });
}
