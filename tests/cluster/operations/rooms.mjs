// Join, leave and disconnect of sockets of both nodes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { next, until } from "../harness.mjs";

export function rooms(lab) {
  /**
   * The members of a room on both nodes become these. What a roomcast node was asked has been done
   * everywhere when it returns; Node's only sends it.
   */
  const become = async (room, sockets, nsp = "/") => {
    const { from, to } = lab;
    const ids = (sockets) => sockets.map(({ id }) => id).sort();
    const members = async () => {
      const local = (node) => node.ask("fetch", { nsp, local: true, to: [room] });
      return ids((await Promise.all([local(from), local(to)])).flat());
    };
    const expected = ids(sockets);
    if (from.kind === "roomcast") return assert.deepEqual(await members(), expected);
    await until(`${sockets.length} sockets are in the room`, async () => (await members()).join() === expected.join());
  };

  test("all, a room, or all but a room, join and leave", async (t) => {
    const { cluster, from, to } = lab;
    await cluster.deserted();
    const near = await cluster.connect(t, from);
    const [ada, ben] = [await cluster.connect(t, to), await cluster.connect(t, to)];
    const [a, b, c] = [cluster.newRoom(), cluster.newRoom(), cluster.newRoom()];
    await from.ask("join", { rooms: [a] });
    await become(a, [near, ada, ben]);
    await from.ask("join", { to: [ada.id, near.id], rooms: [b, c] });
    await become(b, [near, ada]);
    await become(c, [near, ada]);
    await from.ask("leave", { to: [a], except: [b], rooms: [a] });
    await become(a, [near, ada]);
    await from.ask("leave", { rooms: [a, c] });
    await become(a, []);
    await become(c, []);
    await become(b, [near, ada]);
  });

  test("another namespace's sockets stay where they are", async (t) => {
    const { cluster, from, to } = lab;
    await cluster.deserted();
    const [far, other] = [await cluster.connect(t, to), await cluster.connect(t, to, { nsp: "/deep/down" })];
    const room = cluster.newRoom();
    await from.ask("join", { nsp: "/deep/down", rooms: [room] });
    await become(room, [other], "/deep/down");
    const gone = next(other, "disconnect");
    await from.ask("disconnect", { nsp: "/deep/down" });
    await gone;
    await become(room, []);
    assert.ok(far.connected);
  });

  test("a room is disconnected from its namespace", async (t) => {
    const { cluster, from, to } = lab;
    const all = [await cluster.connect(t, from), await cluster.connect(t, to), await cluster.connect(t, to)];
    const [near, ada, ben] = all;
    const room = cluster.newRoom();
    await cluster.join(room, near, ada);
    // On the same connection, and so only lost with it.
    const beside = ada.io.socket("/chat");
    t.after(() => beside.disconnect());
    await next(beside, "connect");
    const gone = Promise.all([next(near, "disconnect"), next(ada, "disconnect")]);
    await from.ask("disconnect", { to: [room], close: false });
    assert.deepEqual((await gone).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
    await beside.emitWithAck("join", room);
    assert.ok(ben.connected);
  });

  test("with their connections, the other namespaces' sockets go as well", async (t) => {
    const { cluster, from, to } = lab;
    const far = await cluster.connect(t, to);
    const beside = far.io.socket("/chat");
    t.after(() => beside.disconnect());
    await next(beside, "connect");
    const gone = Promise.all([next(far, "disconnect"), next(beside, "disconnect")]);
    await from.ask("disconnect", { to: [far.id], close: true });
    await gone;
  });
}
