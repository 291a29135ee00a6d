// Sockets that may stay only for so long, with the official client.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { io } from "socket.io-client";
import { next, startServer } from "./server.mjs";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const AN_HOUR = 3_600_000; // ms
const A_WHILE = 2_000; // ms, and long enough to connect on a busy machine

function open(t, auth, transports) {
  const socket = io(`${server.url}/guest`, { transports, forceNew: true, auth });
  t.after(() => socket.disconnect());
  return socket;
}

// Most of it is waiting.
describe("expiry", { concurrency: true }, () => {
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    test(`a token that runs out ends the socket, which may come back with another, over ${transports}`, async (t) => {
      const socket = open(t, { token: A_WHILE }, transports);
      const [told, lost] = [next(socket, "token_expires"), next(socket, "disconnect")];
      await next(socket, "connect");
      await told;
      const [reason] = await lost;
      assert.equal(reason, "io server disconnect");
      assert.equal(socket.active, false, "it does not reconnect by itself");
      socket.auth = { token: AN_HOUR };
      socket.connect();
      await next(socket, "connect");
      await socket.emitWithAck("renew", { token: AN_HOUR });
    });
  }

  test("who renews in time stays", async (t) => {
    const socket = open(t, { token: 2 * A_WHILE }, ["websocket"]);
    await next(socket, "token_expires");
    await socket.emitWithAck("renew", { token: AN_HOUR });
    // Its token was as good, and ran out later.
    const other = open(t, { token: 2 * A_WHILE }, ["websocket"]);
    await next(other, "disconnect");
    assert.ok(socket.connected);
  });

  test("a token that runs out while the server decides is refused", async (t) => {
    const socket = open(t, { token: 50, hesitate: true }, ["websocket"]);
    const [error] = await next(socket, "connect_error");
    assert.equal(error.message, "expired");
    assert.equal(socket.active, false);
    socket.auth = { token: AN_HOUR };
    socket.connect();
    await next(socket, "connect");
  });
});
