// What a process without sockets has the nodes do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, next, until } from "../harness.mjs";

/** `lab.emitter` is asked as a node is, but returns nothing. */
export function emitter(lab) {
  test("broadcasts reach both nodes", async (t) => {
    const { cluster, emitter, from, to } = lab;
    const [near, far] = [await cluster.connect(t, from), await cluster.connect(t, to)];
    const other = await cluster.connect(t, to, { nsp: "/chat" });
    const [a, b] = [cluster.newRoom(), cluster.newRoom()];
    await cluster.join(a, near, far);
    await cluster.join(b, far);
    const all = [near, far, other];
    const seen = all.map((socket) => collect(socket, "news"));
    const marked = Promise.all(all.map((socket) => next(socket, "mark")));
    const data = ["été", Buffer.from([1, 2]), { at: new Date(0) }];
    await emitter.emit("news", [1, ...data]);
    await emitter.emit("news", [2], { to: [a] });
    await emitter.emit("news", [3], { to: [a], except: [b] });
    await emitter.emit("news", [4], { to: [a, b], compress: false });
    await emitter.emit("news", [5], { nsp: "/chat" });
    await emitter.emit("news", [6], { to: [far.id] });
    for (const nsp of ["/", "/chat"]) await emitter.emit("mark", [], { nsp });
    await marked;
    const expected = [[1, 2, 3, 4], [1, 2, 4, 6], [5]];
    await until("all arrive", () => seen.every((list, index) => list.length >= expected[index].length));
    const numbers = seen.map((list) => list.map(([number]) => number));
    if (!cluster.redis.ordered) numbers.forEach((list) => list.sort());
    assert.deepEqual(numbers, expected);
    const volatile = next(near, "volatile");
    await emitter.emit("volatile", [], { volatile: true });
    await volatile;
    assert.deepEqual(lab.plain(far)(seen[1].find(([number]) => number === 1)), [1, "été", Buffer.from([1, 2]), { at: new Date(0).toISOString() }]);
  });

  test("it makes sockets of both nodes join, leave and disconnect", async (t) => {
    const { cluster, emitter, from, to } = lab;
    const [near, far] = [await cluster.connect(t, from), await cluster.connect(t, to)];
    const [a, b] = [cluster.newRoom(), cluster.newRoom()];
    const become = (room, count) =>
      until(`${count} are in ${room}`, async () => (await from.ask("fetch", { to: [room] })).length === count);
    await emitter.ask("join", { rooms: [a, b] });
    await become(b, 2);
    await emitter.ask("leave", { to: [a], except: [near.id], rooms: [b] });
    await become(b, 1);
    const gone = [next(near, "disconnect"), next(far, "disconnect")];
    await emitter.ask("disconnect", { to: [b], close: true });
    await gone[0];
    assert.ok(far.connected);
    await emitter.ask("disconnect", {});
    await gone[1];
  });

  test("it reaches the servers themselves", async () => {
    const { emitter, from, to } = lab;
    const nodes = [from, to];
    for (const node of nodes) await node.ask("heard");
    await emitter.ask("serverSideEmit", { event: "hello", args: ["w", { a: 1 }] });
    for (const node of nodes) {
      const heard = await until("an event", async () => {
        const heard = await node.ask("heard");
        return heard.length > 0 && heard;
      });
      assert.deepEqual(heard, [{ nsp: "/", args: ["w", { a: 1 }] }]);
    }
  });
}
