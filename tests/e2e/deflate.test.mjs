// permessage-deflate between the official client and the test server.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { io } from "socket.io-client";
import { next, startServer, within } from "./server.mjs";

const LONG = "on and on ".repeat(1000);

for (const mode of ["handoff", "body"]) {
  for (const transports of [["websocket"], ["polling", "websocket"]]) {
    describe(`${mode}, ${transports}`, () => scenarios(mode, transports));
  }
}

function scenarios(mode, transports) {
  let server;
  before(async () => (server = await startServer({ MODE: mode, DEFLATE: "1" })));
  after(() => server.stop());

  /** A socket on a WebSocket of its own, and that WebSocket; `offers` tells whether it compresses. */
  async function connect(t, offers) {
    const socket = io(server.url, { transports, forceNew: true, perMessageDeflate: offers });
    t.after(() => socket.disconnect());
    const upgraded = transports[0] === "polling" && next(socket.io.engine, "upgrade");
    await next(socket, "connect");
    await upgraded;
    return { socket, ws: socket.io.engine.transport.ws };
  }

  test("an offer is agreed to, and long messages are compressed both ways", async (t) => {
    const { socket, ws } = await connect(t, { threshold: 100 });
    assert.equal(ws.extensions, "permessage-deflate");
    const { _socket: tcp } = ws;
    const before = tcp.bytesRead + tcp.bytesWritten;
    const bytes = Buffer.from(LONG);
    for (const value of [LONG, { bytes }, "short", bytes]) {
      const back = await within(socket.emitWithAck("message-with-ack", value), "ack");
      assert.deepEqual(back, value);
    }
    const onWire = tcp.bytesRead + tcp.bytesWritten - before;
    assert.ok(onWire < LONG.length, `${onWire} bytes on the wire`);
  });

  test("members that compress and others get the same", async (t) => {
    const members = [await connect(t, true), await connect(t, true), await connect(t, false)];
    assert.deepEqual(
      members.map(({ ws }) => ws.extensions),
      ["permessage-deflate", "permessage-deflate", ""],
    );
    const got = members.map(({ socket }) => next(socket, "news"));
    members[0].socket.emit("cast", { from_all: true, event: "news", args: [LONG, 1] });
    assert.deepEqual(await Promise.all(got), Array(3).fill([LONG, 1]));
  });
}
