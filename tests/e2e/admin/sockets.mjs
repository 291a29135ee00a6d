// What a page is told of sockets and their events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, connectPage, settle } from "./kit.mjs";
import { next } from "../server.mjs";

const isTime = (text) => assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

export function sockets(start) {
  test("a page that connects is told of every socket there is", async (t) => {
    const server = await start(t);
    const plain = await connect(t, server, "/", { query: { colour: "red" } });
    await plain.emitWithAck("join", "tea");
    const polling = await connect(t, server, "/custom", { transports: ["polling"] });
    const dynamic = await connect(t, server, "/room-7", { auth: { guest: "Ada" } });
    const page = await connectPage(t, server);
    const [all] = await page.told("all_sockets");
    const byId = new Map(all.map((socket) => [socket.id, socket]));
    assert.deepEqual([...byId.keys()].sort(), [plain.id, polling.id, dynamic.id, page.socket.id].sort());

    const { clientId, handshake, ...rest } = byId.get(plain.id);
    assert.deepEqual(rest, { id: plain.id, transport: "websocket", nsp: "/", data: {}, rooms: [plain.id, "tea"] });
    assert.equal(clientId, plain.io.engine.id.slice(0, 12));
    assert.deepEqual(Object.keys(handshake).sort(), [
      "address", "headers", "issued", "query", "secure", "time", "url", "xdomain",
    ]);
    assert.equal(handshake.address, "127.0.0.1");
    assert.equal(handshake.headers.host, `127.0.0.1:${server.port}`);
    assert.equal(handshake.query.colour, "red");
    assert.ok(Math.abs(Date.now() - handshake.issued) < 60_000);
    assert.equal(typeof handshake.time, "string");
    assert.match(handshake.url, /^\/socket\.io\/\?.*colour=red/);
    assert.equal(handshake.secure, false);
    assert.equal(handshake.xdomain, false);

    assert.equal(byId.get(polling.id).transport, "polling");
    assert.equal(byId.get(polling.id).nsp, "/custom");
    assert.equal(byId.get(dynamic.id).nsp, "/room-7");
    assert.equal(byId.get(page.socket.id).nsp, "/admin");
  });

  test("the life of a socket is told in its order", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const client = await connect(t, server);
    const { id } = client;
    await client.emitWithAck("join", "tea");
    client.emit("message", 1, { two: [2] }, "three");
    await next(client, "message-back");
    assert.deepEqual(await client.emitWithAck("message-with-ack", "question"), "question");
    client.emit("describe", { mood: "curious" });
    await page.told("socket_updated", (socket) => socket.id === id);
    await client.emitWithAck("leave", "tea");
    await page.told("room_left", (nsp, room, left) => left === id && room === "tea");
    client.disconnect();
    await page.told("room_left", (nsp, room, left) => left === id && room === id);

    const told = page.of(id);
    const [, [, { handshake, clientId, ...connected }]] = told;
    assert.deepEqual(connected, { id, nsp: "/", transport: "websocket", data: {}, rooms: [id] });
    assert.deepEqual(told.filter(([name]) => name !== "socket_connected"), [
      ["room_joined", id],
      ["event_sent", ["auth", {}]],
      ["event_received", ["join", "tea"]],
      ["room_joined", "tea"],
      ["event_received", ["message", 1, { two: [2] }, "three"]],
      ["event_sent", ["message-back", 1, { two: [2] }, "three"]],
      ["event_received", ["message-with-ack", "question"]],
      ["event_received", ["describe", { mood: "curious" }]],
      ["socket_updated", { id, nsp: "/", data: { mood: "curious" } }],
      ["event_received", ["leave", "tea"]],
      ["room_left", "tea"],
      ["socket_disconnected", "client namespace disconnect"],
      ["room_left", id],
    ]);
  });

  test("all but updates say when", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const client = await connect(t, server);
    client.emit("describe", { mood: "curious" });
    await client.emitWithAck("message-with-ack");
    const { id } = client;
    client.disconnect();
    await page.told("room_left", (nsp, room) => room === id);
    const seen = new Set();
    for (const [name, ...args] of page.events) {
      if (["config", "all_sockets", "server_stats", "socket_updated"].includes(name)) continue;
      isTime(args.at(-1));
      seen.add(name);
    }
    assert.equal(seen.size, 6, `of each kind one: ${[...seen]}`);
  });

  test("an upgrade of the transport is told", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const client = await connect(t, server, "/", { transports: ["polling", "websocket"] });
    const [{ transport }] = await page.told("socket_connected", ({ id }) => id === client.id);
    assert.equal(transport, "polling");
    const [update] = await page.told("socket_updated", ({ id }) => id === client.id);
    assert.deepEqual(update, { id: client.id, nsp: "/", transport: "websocket" });
  });

  test("one who is cut off is told with the reason", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const client = await connect(t, server);
    const { id } = client;
    client.io.engine.close();
    const [nsp, , reason] = await page.told("socket_disconnected", (nsp, gone) => gone === id);
    assert.equal(nsp, "/");
    assert.equal(reason, "transport close");
  });

  test("binary arrives as binary", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const client = await connect(t, server);
    client.emit("message", { bytes: Buffer.from([1, 2]) }, Buffer.from([3]));
    for (const [direction, event] of [["event_received", "message"], ["event_sent", "message-back"]]) {
      const [, , args] = await page.told(direction, (nsp, id, [name]) => id === client.id && name === event);
      assert.deepEqual(args, [event, { bytes: Buffer.from([1, 2]) }, Buffer.from([3])]);
    }
  });

  test("a broadcast is told once for each who gets it", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const clients = [await connect(t, server), await connect(t, server), await connect(t, server)];
    clients[0].emit("cast", { from_all: true, event: "news", args: [1] });
    const isNews = ([name, , , args]) => name === "event_sent" && args[0] === "news";
    await page.until("all three", (events) => events.filter(isNews).length >= 3);
    await settle(t, server, page);
    const told = page.events.filter(isNews).map(([, , id, args]) => [id, args]);
    assert.deepEqual(told.sort(), clients.map(({ id }) => [id, ["news", 1]]).sort());
  });

  test("what pages are told is not told itself", async (t) => {
    const server = await start(t);
    const page = await connectPage(t, server);
    const other = await connectPage(t, server);
    await page.told("socket_connected", ({ id, nsp }) => nsp === "/admin" && id === other.socket.id);
    other.do("join", "/", "nowhere");
    const { id } = other.socket;
    other.socket.disconnect();
    await page.told("socket_disconnected", (nsp, gone) => gone === id);
    await settle(t, server, page);
    const loops = page.events.filter(([name, nsp]) => name.startsWith("event_") && nsp === "/admin");
    assert.deepEqual(loops, []);
  });
}
