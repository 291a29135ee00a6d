// The change from polling to a WebSocket, in the middle of everything.

import assert from "node:assert/strict";
import { test } from "node:test";
import { next } from "../server.mjs";
import { collect, delivered, settled } from "./lab.mjs";
import { Wire } from "./wire.mjs";

const MANY = 300;

export function upgrade(lab) {
  test("nothing is lost or reordered on the way up, in either direction", async (t) => {
    const other = await lab.connect(t);
    const socket = lab.open(t);
    const [numbers, back] = ["number", "message-back"].map((event) => collect(socket, event));
    await next(socket, "connect");
    const upgraded = lab.upgraded(socket);
    for (let n = 0; n < MANY; n++) {
      socket.emit("message", n, Buffer.from([n]));
      other.emit("cast", { to: [socket.id], event: "number", args: [n] });
      if (n % 10 === 0) await settled(other);
    }
    await upgraded;
    await delivered(other, socket);
    await settled(socket);
    assert.deepEqual(numbers.flat(), [...Array(MANY).keys()]);
    assert.deepEqual(back, Array.from({ length: MANY }, (_, n) => [n, Buffer.from([n])]));
  });

  test("a server that ends closes who is on the way up, too", async (t) => {
    const server = await lab.own(t);
    const sockets = await lab.connectAll(t, 8, { server, reconnection: false });
    // The server may not have heard yet that they have changed over.
    const lost = Promise.all(sockets.map((socket) => next(socket, "disconnect")));
    assert.deepEqual(await server.stop("SIGTERM"), [0, null]);
    assert.deepEqual([...new Set((await lost).map(([reason]) => reason))], ["transport close"]);
  });

  test("who cannot open a WebSocket stays on polling", async (t) => {
    const wire = await Wire.to(t, lab.server, /transport=websocket/);
    const socket = lab.open(t, { server: wire });
    const failed = next(socket.io.engine, "upgradeError");
    await next(socket, "connect");
    await failed;
    await settled(socket);
    assert.equal(socket.io.engine.transport.name, "polling");
  });
}
