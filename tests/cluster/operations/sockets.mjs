// fetchSockets, and what one may do with the sockets that it finds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, next, until } from "../harness.mjs";
import { tag } from "../values.mjs";

const LONG = 10_000; // ms
const SHORT = 300; // ms, for an answer that nobody gives

const ids = (sockets) => sockets.map(({ id }) => id).sort();

export function sockets(lab) {
  test("the sockets of both nodes, by rooms and exceptions", async (t) => {
    const { cluster, from, to } = lab;
    await cluster.deserted();
    const near = await cluster.connect(t, from);
    const [ada, ben] = [await cluster.connect(t, to), await cluster.connect(t, to)];
    const other = await cluster.connect(t, to, { nsp: "/chat" });
    const [a, b] = [cluster.newRoom(), cluster.newRoom()];
    await cluster.join(a, near, ada);
    await cluster.join(b, ada);
    const fetch = async (target) => ids(await from.ask("fetch", target));
    assert.deepEqual(await fetch({}), ids([near, ada, ben]));
    assert.deepEqual(await fetch({ to: [a] }), ids([near, ada]));
    assert.deepEqual(await fetch({ to: [a, ben.id] }), ids([near, ada, ben]));
    assert.deepEqual(await fetch({ except: [b] }), ids([near, ben]));
    assert.deepEqual(await fetch({ to: [a], except: [b] }), ids([near]));
    assert.deepEqual(await fetch({ local: true }), ids([near]));
    assert.deepEqual(await fetch({ to: ["nobody is here"] }), []);
    assert.deepEqual(await fetch({ nsp: "/chat" }), ids([other]));
    ada.disconnect();
    await until("who has gone is not found", async () => (await fetch({})).length === 2);
  });

  test("what a socket of the other node is like", async (t) => {
    const { cluster, from, to } = lab;
    const plain = { name: "Ada \"été\" 🚀", tags: ["a", null, 2 ** 40] };
    // Only Node has binary in it, and for a roomcast node that is text over every adapter.
    const data = to.kind === "node" ? { ...plain, key: Buffer.from([0, 255]) } : plain;
    const asText = from.kind === "roomcast" || cluster.adapter.startsWith("classic");
    const expected = asText ? JSON.parse(JSON.stringify(data)) : data;
    const far = await cluster.connect(t, to, { auth: { data: tag(data) }, query: { q: "1 & 2" } });
    const room = cluster.newRoom();
    await cluster.join(room, far);
    const [found] = await from.ask("fetch", { to: [room] });
    const rooms = found.rooms.filter((name) => name !== far.id);
    assert.deepEqual([found.id, rooms, found.data], [far.id, [room], expected]);
    const { handshake } = found;
    assert.equal(handshake.query.q, "1 & 2");
    assert.equal(handshake.query.EIO, "4");
    assert.match(handshake.url, /^\/socket\.io\/\?.*q=1/);
    assert.equal(handshake.headers.host, new URL(to.url).host);
    assert.equal(handshake.secure, false);
    // A roomcast node keeps to itself what clients prove themselves with.
    assert.deepEqual(handshake.auth, to.kind === "roomcast" ? {} : { data });
  });

  test("a socket that was found can be emitted to and asked", async (t) => {
    const { cluster, from, to } = lab;
    const [far, other] = [await cluster.connect(t, to), await cluster.connect(t, to)];
    const seen = collect(other, "news");
    const data = Buffer.from([1, 2]);
    const arrived = next(far, "news");
    await from.ask("remoteEmit", { id: far.id, event: "news", args: ["été", data] });
    assert.deepEqual(lab.plain(far)(await arrived), ["été", data]);
    far.on("question", (number, answer) => answer({ twice: number * 2, data }));
    const asked = { id: far.id, event: "question", args: [21], timeout: LONG };
    assert.deepEqual(await from.ask("remoteAsk", asked), { twice: 42, data });
    const unheard = from.ask("remoteAsk", { ...asked, event: "nobody listens", timeout: SHORT });
    await assert.rejects(unheard, /operation has timed out/);
    await cluster.delivered(from, [other]);
    assert.deepEqual(seen, []);
  });

  test("a socket that was found can join, leave and be disconnected", async (t) => {
    const { cluster, from, to } = lab;
    const [far, other] = [await cluster.connect(t, to), await cluster.connect(t, to)];
    const room = cluster.newRoom();
    const members = () => to.ask("fetch", { local: true, to: [room] });
    await from.ask("remoteJoin", { id: far.id, rooms: [room] });
    await until("it has joined", async () => (await members()).length === 1);
    await from.ask("remoteLeave", { id: far.id, rooms: [room] });
    await until("it has left", async () => (await members()).length === 0);
    const gone = next(far, "disconnect");
    await from.ask("remoteDisconnect", { id: far.id, close: true });
    assert.equal((await gone)[0], "io server disconnect");
    assert.ok(other.connected);
  });
}
