// Connection state recovery: a client that comes back finds its socket again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freePort, next, startServer } from "../server.mjs";
import { collect, gone, join, settled } from "./lab.mjs";
import { Wire } from "./wire.mjs";

export function recovery(lab) {
  let server;
  before(async () => (server = await startServer({ ...lab.env, RECOVERY: "60000" })));
  after(() => server.stop());

  /** A socket behind a wire, that has an offset to come back with, and one beside it. */
  async function connect(t) {
    const wire = await Wire.to(t, server);
    const other = await lab.connect(t, { server });
    const socket = lab.open(t, { server: wire });
    const auth = next(socket, "auth");
    await next(socket, "connect");
    await lab.upgraded(socket);
    await auth;
    return { wire, other, socket };
  }

  /** Cuts the wire; whether the server knows when the client is back is left to chance. */
  async function cut({ wire, socket }) {
    const lost = next(socket, "disconnect");
    wire.cut();
    await lost;
  }

  test("what was missed comes in order, before the socket is connected again", async (t) => {
    const session = await connect(t);
    const { wire, other, socket } = session;
    const [inside, outside] = [lab.newRoom(), lab.newRoom()];
    await join(inside, socket);
    const { id } = socket;
    await cut(session);
    const cast = (event, args, target) => other.emitWithAck("cast", { event, args, ...target });
    await cast("missed", [1], {});
    await cast("missed", [2, { bytes: Buffer.from([1, 2]) }], { to: [inside] });
    await cast("missed", ["not mine"], { to: [outside] });
    await cast("missed", ["not mine either"], { except: [inside] });
    await cast("missed", ["volatile"], { volatile: true });
    await cast("missed", [3], { to: [id] });
    const seen = [];
    socket.on("missed", (...args) => seen.push([socket.connected, ...args.slice(0, -1)]));
    wire.mend();
    await next(socket, "connect");
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    await settled(socket);
    assert.deepEqual(
      seen.map(([, ...args]) => args),
      [[1], [2, { bytes: Buffer.from([1, 2]) }], [3]],
    );
    const { rooms, recovered } = await socket.emitWithAck("whoami");
    assert.deepEqual([rooms, recovered], [[inside], true]);
    const news = next(socket, "news");
    await cast("news", [4], { to: [inside] });
    assert.equal((await news)[0], 4);
  });

  test("a client comes back again and again, and misses nothing", async (t) => {
    const session = await connect(t);
    const { wire, other, socket } = session;
    const { id } = socket;
    const seen = collect(socket, "number");
    for (let round = 0; round < 5; round++) {
      for (const n of [0, 1]) await other.emitWithAck("cast", { event: "number", args: [round * 4 + n] });
      await cut(session);
      for (const n of [2, 3]) await other.emitWithAck("cast", { event: "number", args: [round * 4 + n] });
      wire.mend();
      await next(socket, "connect");
      assert.equal(socket.recovered, true, `round ${round}`);
      // Cut in the middle of an upgrade, the client does not notice before the next ping.
      await lab.upgraded(socket);
    }
    await settled(socket);
    assert.equal(socket.id, id);
    assert.deepEqual(seen.map(([n]) => n), [...Array(20).keys()]);
  });

  test("who has left, and comes back, is a new socket", async (t) => {
    const { other, socket } = await connect(t);
    const { id } = socket;
    const left = gone(other, socket);
    socket.disconnect();
    await left;
    socket.connect();
    await next(socket, "connect");
    assert.ok(!socket.recovered);
    assert.notEqual(socket.id, id);
  });

  test("a server that is new knows nobody", async (t) => {
    const PORT = String(await freePort());
    const first = await lab.own(t, { RECOVERY: "60000", PORT });
    const socket = lab.open(t, { server: first });
    await next(socket, "auth");
    const lost = next(socket, "disconnect");
    await first.stop();
    await lost;
    await lab.own(t, { RECOVERY: "60000", PORT });
    await next(socket, "connect");
    assert.ok(!socket.recovered);
    assert.equal((await socket.emitWithAck("whoami")).recovered, false);
  });

  test("who comes back too late is a new socket", async (t) => {
    const brief = await lab.own(t, { RECOVERY: "1", PING_INTERVAL: "200", PING_TIMEOUT: "5000" });
    const wire = await Wire.to(t, brief);
    const other = await lab.connect(t, { server: brief });
    const socket = lab.open(t, { server: wire });
    await next(socket, "auth");
    const left = gone(other, socket);
    await cut({ wire, socket });
    await left;
    await settled(other); // longer than a millisecond
    wire.mend();
    await next(socket, "connect");
    assert.ok(!socket.recovered);
  });
}
