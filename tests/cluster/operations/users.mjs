// Users, who are bound to sockets on roomcast nodes, and whom each node reaches.

import assert from "node:assert/strict";
import { test } from "node:test";
import { collect } from "../harness.mjs";

export function users(lab) {
  test("a user's sockets are reached from every node, from Node servers by the name of their room", async (t) => {
    const { cluster, from, to } = lab;
    const auth = { user: "ann" };
    const room = `roomcast:user:${auth.user}`;
    const ann = [await cluster.connect(t, to, { auth }), await cluster.connect(t, to, { auth })];
    const ben = await cluster.connect(t, to, { auth: { user: "ben" } });
    if (cluster.adapter.startsWith("sharded-dynamic")) await cluster.subscribed("/", room, 1);
    const seen = [...ann, ben].map((socket) => collect(socket, "mail"));
    await (from.kind === "roomcast"
      ? from.ask("emitToUser", { ...auth, event: "mail", args: [1] })
      : from.emit("mail", [1], { to: [room] }));
    await cluster.delivered(from, [...ann, ben], () => seen[0].length > 0 && seen[1].length > 0);
    assert.deepEqual(seen.map((list) => list.length), [1, 1, 0]);
  });
}
