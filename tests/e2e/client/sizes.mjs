// Messages up to the limit and beyond.

import assert from "node:assert/strict";
import { test } from "node:test";
import { next, within } from "../server.mjs";
import { gone, settled } from "./lab.mjs";

const LIMIT = 1_000_000; // bytes of one message, or of one POST
const ENVELOPE = 200; // bytes, more than what is around the argument
const BASE64 = 4 / 3;

export function sizes(lab) {
  const wire = lab.polls ? BASE64 : 1;
  const largest = {
    text: Math.floor((LIMIT - ENVELOPE) / (lab.encodes === "msgpack" ? wire : 1)),
    bytes: Math.floor((LIMIT - ENVELOPE) / wire),
  };

  test("messages up to the limit pass", async (t) => {
    const socket = await lab.connect(t);
    const text = "x".repeat(largest.text);
    assert.ok((await within(socket.emitWithAck("message-with-ack", text), "ack")) === text);
    const bytes = Buffer.alloc(largest.bytes, 7);
    assert.ok((await within(socket.emitWithAck("message-with-ack", bytes), "ack")).equals(bytes));
  });

  for (const [what, argument] of Object.entries({
    "a text": "x".repeat(LIMIT),
    "an attachment": Buffer.alloc(LIMIT + 1),
  })) {
    test(`${what} beyond the limit costs the connection`, async (t) => {
      const [observer, socket] = await lab.connectAll(t, 2, { reconnection: false });
      const left = gone(observer, socket);
      const lost = next(socket, "disconnect");
      const closed = !lab.polls && next(socket.io.engine.transport.ws, "close");
      socket.emit("message", argument);
      assert.match((await lost)[0], /^transport (close|error)$/);
      if (lab.polls) {
        // 413: the session stays, and is ended by its client.
        assert.equal((await left).reason, "transport close");
      } else {
        assert.equal((await left).reason, "transport error");
        assert.equal((await closed)[0], 1009);
      }
      await settled(observer);
    });
  }
}
