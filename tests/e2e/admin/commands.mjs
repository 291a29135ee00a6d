// What a page has done to sockets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, connectPage, settle } from "./kit.mjs";
import { next, within } from "../server.mjs";

export function commands(start) {
  const rooms = (page, id, kind) => page.of(id).filter(([name]) => name === kind).map(([, room]) => room);

  test("sockets are made to join and leave: one, a room, all", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const [one, two] = [await connect(t, server), await connect(t, server)];
    const elsewhere = await connect(t, server, "/custom");
    const joined = (socket, wanted) =>
      page.told("room_joined", (nsp, room, id) => nsp === "/" && room === wanted && id === socket.id);
    page.do("join", "/", "tea", one.id);
    await joined(one, "tea");
    page.do("join", "/", "cake", "tea");
    await joined(one, "cake");
    page.do("join", "/", "both");
    await Promise.all([joined(one, "both"), joined(two, "both")]);
    page.do("join", "/", "empty", "");
    await Promise.all([joined(one, "empty"), joined(two, "empty")]);
    const left = (socket, wanted) => page.told("room_left", (nsp, room, id) => room === wanted && id === socket.id);
    page.do("leave", "/", "cake", "tea");
    await left(one, "cake");
    page.do("leave", "/", "both", two.id);
    await left(two, "both");
    page.do("leave", "/", "empty", null);
    await Promise.all([left(one, "empty"), left(two, "empty")]);
    await settle(t, server, page);
    assert.deepEqual(rooms(page, one.id, "room_joined"), [one.id, "tea", "cake", "both", "empty"]);
    assert.deepEqual(rooms(page, two.id, "room_joined"), [two.id, "both", "empty"]);
    assert.deepEqual(rooms(page, one.id, "room_left"), ["cake", "empty"]);
    assert.deepEqual(rooms(page, two.id, "room_left"), ["both", "empty"]);
    assert.deepEqual(rooms(page, elsewhere.id, "room_joined"), [elsewhere.id]);
  });

  test("events are emitted to all, a room, one", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const [one, two] = [await connect(t, server), await connect(t, server)];
    await two.emitWithAck("join", "tea");
    const got = new Map([one, two].map((client) => [client, []]));
    for (const [client, events] of got) client.onAny((...event) => event[0] === "auth" || events.push(event));
    const both = Promise.all([next(one, "last"), next(two, "last")]);
    page.do("emit", "/", null, "everyone", 1, { two: 2 });
    page.do("emit", "/", "tea", "drinkers", "hot");
    page.do("emit", "/", one.id, "you", Buffer.from([1]));
    page.do("emit", "/", undefined, "last");
    await both;
    assert.deepEqual(got.get(one), [["everyone", 1, { two: 2 }], ["you", Buffer.from([1])], ["last"]]);
    assert.deepEqual(got.get(two), [["everyone", 1, { two: 2 }], ["drinkers", "hot"], ["last"]]);
  });

  test("sockets are disconnected, alone or with their connection", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const [soft, hard] = [await connect(t, server), await connect(t, server)];
    const gone = [next(soft, "disconnect"), next(hard, "disconnect")];
    const softId = soft.id;
    page.do("_disconnect", "/", false, soft.id);
    assert.equal((await gone[0])[0], "io server disconnect");
    const [, , reason] = await page.told("socket_disconnected", (nsp, id) => id === softId);
    assert.equal(reason, "server namespace disconnect");
    await hard.emitWithAck("join", "tea");
    page.do("_disconnect", "/", true, "tea");
    await gone[1];
    await within(new Promise((resolve) => {
      if (hard.io.engine.readyState === "closed") resolve();
      hard.io.engine.on("close", resolve);
    }), "end of the connection");
    const all = [await connect(t, server), await connect(t, server)];
    const every = all.map((client) => next(client, "disconnect"));
    page.do("_disconnect", "/", false);
    await Promise.all(every);
  });

  test("nothing can be done where a page may only read", async (t) => {
    const server = await start(t, { readonly: true });
    const page = await connectPage(t, server);
    const client = await connect(t, server);
    const told = [];
    client.onAny((name) => told.push(name));
    page.do("emit", "/", null, "news");
    page.do("join", "/", "tea", client.id);
    page.do("leave", "/", client.id, client.id);
    page.do("_disconnect", "/", true, client.id);
    // The server has read all of it when it takes leave of the page.
    page.socket.disconnect();
    const after = await connectPage(t, server);
    const [all] = await after.told("all_sockets");
    assert.deepEqual(all.find(({ id }) => id === client.id).rooms, [client.id]);
    assert.ok(client.connected);
    assert.deepEqual(told.filter((name) => name !== "auth"), []);
  });
}
