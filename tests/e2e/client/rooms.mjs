// Rooms: who gets what, and who is where.

import assert from "node:assert/strict";
import { test } from "node:test";
import { next } from "../server.mjs";
import { collect, delivered, gone, join, settled } from "./lab.mjs";

export function rooms(lab) {
  test("rooms, unions and exceptions reach each socket once", async (t) => {
    const all = await lab.connectAll(t, 3);
    const [ada, ben, eve] = all;
    const [a, b, c] = [lab.newRoom(), lab.newRoom(), lab.newRoom()];
    await join(a, ada, ben);
    await join(b, ben, eve);
    await join(c, eve);
    const seen = all.map((socket) => collect(socket, "news"));
    const cast = async (options) => {
      for (const list of seen) list.length = 0;
      await ada.emitWithAck("cast", { event: "news", ...options });
      await delivered(ada, ...all);
      return seen.map((list) => list.length);
    };
    assert.deepEqual(await cast({ to: [a] }), [0, 1, 0], "without the sender");
    assert.deepEqual(await cast({ to: [a], from_all: true }), [1, 1, 0]);
    assert.deepEqual(await cast({ to: [a, b] }), [0, 1, 1], "who is in both gets it once");
    assert.deepEqual(await cast({ to: [a, b], from_all: true }), [1, 1, 1]);
    assert.deepEqual(await cast({ to: [a, b], except: [c], from_all: true }), [1, 1, 0]);
    assert.deepEqual(await cast({ to: [a], except: [b], from_all: true }), [1, 0, 0]);
    assert.deepEqual(await cast({ to: [eve.id] }), [0, 0, 1], "the private room");
    assert.deepEqual(await cast({ to: [b], except: [eve.id] }), [0, 1, 0]);
    assert.deepEqual(await cast({ to: ["nobody is here"] }), [0, 0, 0]);
    assert.deepEqual(await cast({}), [0, 1, 1], "everyone else");
    assert.deepEqual(await cast({ except: [c] }), [0, 1, 0]);
    await ben.emitWithAck("leave", b);
    assert.deepEqual(await cast({ to: [b] }), [0, 0, 1]);
  });

  test("the server knows who is in which room, also after they have gone", async (t) => {
    const [ada, ben] = await lab.connectAll(t, 2);
    const [a, b] = [lab.newRoom(), lab.newRoom()];
    await join(a, ada, ben);
    await join(b, ben);
    assert.deepEqual((await ben.emitWithAck("whoami")).rooms.sort(), [a, b]);
    const fetch = async () =>
      (await ada.emitWithAck("fetch", a)).map(({ id, rooms }) => [id, rooms.sort()]).sort();
    assert.deepEqual(await fetch(), [[ada.id, [a]], [ben.id, [a, b]]].sort());
    const left = gone(ada, ben);
    ben.disconnect();
    assert.deepEqual((await left).rooms.sort(), [a, b], "while it is disconnecting");
    assert.deepEqual(await fetch(), [[ada.id, [a]]]);
  });

  test("the server disconnects a whole room", async (t) => {
    const [ada, ben, eve] = await lab.connectAll(t, 3);
    const room = lab.newRoom();
    await join(room, ada, ben, eve);
    const lost = Promise.all([next(ben, "disconnect"), next(eve, "disconnect")]);
    await ada.emitWithAck("disconnect_room", room, true);
    assert.deepEqual((await lost).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
    await settled(ada);
  });
}
