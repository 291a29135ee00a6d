// Networks that break or fall silent, servers that end and come back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort, next, within } from "../server.mjs";
import { collect, gone, settled } from "./lab.mjs";
import { Wire } from "./wire.mjs";

/** Notices soon that a client has gone. */
const HASTY = { PING_INTERVAL: "200", PING_TIMEOUT: "5000" };

export function network(lab) {
  test("a lost connection comes back by itself", async (t) => {
    const server = await lab.own(t, HASTY);
    const wire = await Wire.to(t, server);
    const observer = await lab.connect(t, { server });
    const socket = await lab.connect(t, { server: wire });
    await settled(socket);
    const { id } = socket;
    const left = gone(observer, socket);
    const lost = next(socket, "disconnect");
    wire.cut();
    assert.match((await lost)[0], /^transport (close|error)$/);
    // Between two polls there is no connection whose end could tell the server.
    const reasons = lab.polls ? /^(transport error|ping timeout)$/ : /^transport (close|error)$/;
    assert.match((await left).reason, reasons);
    assert.equal(socket.active, true);
    wire.mend();
    await next(socket, "connect");
    assert.notEqual(socket.id, id);
    assert.ok(!socket.recovered);
    await settled(socket);
  });

  test("heartbeats keep idle connections", async (t) => {
    const server = await lab.own(t, { PING_INTERVAL: "50", PING_TIMEOUT: "20000" });
    const sockets = await lab.connectAll(t, 2, { server });
    const lost = sockets.map((socket) => collect(socket, "disconnect"));
    for (let round = 0; round < 6; round++) {
      await Promise.all(sockets.map((socket) => next(socket.io, "ping")));
    }
    await settled(...sockets);
    assert.deepEqual(lost, [[], []]);
  });

  test("a network that carries nothing any more is noticed by both sides", async (t) => {
    const server = await lab.own(t, HASTY);
    const wire = await Wire.to(t, server);
    const observer = await lab.connect(t, { server });
    const socket = await lab.connect(t, { server: wire });
    const left = gone(observer, socket);
    const lost = next(socket, "disconnect");
    wire.fallSilent();
    assert.equal((await left).reason, "ping timeout");
    assert.equal((await lost)[0], "ping timeout");
    wire.mend();
    await next(socket, "connect");
    await settled(socket, observer);
  });

  for (const signal of ["SIGKILL", "SIGTERM"]) {
    test(`reconnection after a restart (${signal}), with what was emitted meanwhile`, async (t) => {
      const PORT = String(await freePort());
      const first = await lab.own(t, { PORT });
      const sockets = await lab.connectAll(t, 2, { server: first });
      const ids = sockets.map((socket) => socket.id);
      const lost = Promise.all(sockets.map((socket) => next(socket, "disconnect")));
      const [code, by] = await first.stop(signal);
      assert.deepEqual([code, by], signal === "SIGTERM" ? [0, null] : [null, "SIGKILL"]);
      const killed = lab.polls && signal === "SIGKILL" ? "transport error" : "transport close";
      assert.deepEqual((await lost).map(([reason]) => reason), [killed, killed]);
      const answers = sockets.map((socket, n) => socket.emitWithAck("message-with-ack", n));
      await lab.own(t, { PORT });
      assert.deepEqual(await within(Promise.all(answers), "answers"), [0, 1]);
      assert.ok(sockets.every((socket) => socket.connected && !ids.includes(socket.id)));
    });
  }
}
