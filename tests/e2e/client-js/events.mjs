// What events carry, and who listens to them.

import assert from "node:assert/strict";
import { next } from "../../waiting.mjs";
import { echo, settled } from "./lab.mjs";

export const scenarios = {
  "binary in both directions": async (lab) => {
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => {
        socket.on("ask me", async () => {
          const answer = await socket.timeout(5_000).emitWithAck("question", Buffer.from([9]));
          socket.emit("answer", answer);
        });
      });
    });
    const socket = lab.watch(lab.connect(), "socket", "returned");
    await next(socket, "connect");
    const bytes = Uint8Array.from([1, 2, 3, 4]);
    socket.emit("return", bytes);
    socket.emit("return", bytes.buffer, "between", new DataView(bytes.buffer, 1, 2));
    socket.emit("return", { deep: [{ bytes }, { bytes, text: "é" }], none: null }, new ArrayBuffer(0));
    socket.emit("return", Buffer.from([255]), new Uint16Array([513]), "last");
    lab.note(await socket.emitWithAck("echo", { bytes: bytes.subarray(1, 3) }));
    socket.on("question", (value, answer) => answer([value, bytes]));
    socket.emit("ask me");
    lab.note(await next(socket, "answer"));
  },

  "what JSON makes of values": async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect(), "socket", "returned");
    await next(socket, "connect");
    socket.emit("return", undefined, null, NaN, -0, new Date(0), { gone: undefined, toJSON: undefined });
    socket.emit("return", "\u0000\u2028\ud83d\ude00\ud83d \"quoted\"\n", { toJSON: () => "mine" });
    socket.emit("return", { _placeholder: true, num: 0 });
    socket.emit("return", ",/{}[]1-2", { "/": "," });
    await settled(socket);
  },

  "events emitted while not connected": async (lab) => {
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => {
        socket.onAny((event, ...args) => socket.emit("seen", event, ...args));
      });
    });
    const socket = lab.watch(lab.connect("", { autoConnect: false }), "socket", "connect", "seen");
    lab.note(socket.active);
    socket.volatile.emit("lost", 0);
    socket.emit("first", 1);
    socket.send("second");
    socket.volatile.emit("lost", 3);
    socket.on("connect", () => socket.emit("third"));
    socket.open();
    await next(socket, "connect");
    await settled(socket);
  },

  "once, off, onAny and offAny": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect();
    const gone = () => lab.note("removed");
    const any = (...args) => lab.note("any", ...args);
    socket.on("returned", gone);
    socket.once("returned", gone);
    socket.off("returned", gone);
    socket.off("returned", gone);
    socket.once("returned", (...args) => lab.note("once", ...args));
    socket.on("returned", (...args) => lab.note("on", ...args));
    socket.onAny(any);
    socket.onAny(() => lab.note("any 2"));
    await next(socket, "connect");
    socket.emit("return", 1);
    socket.emit("return", 2);
    await settled(socket);
    socket.offAny(any);
    socket.emit("return", 3);
    await settled(socket);
    socket.offAny();
    socket.off("returned");
    socket.emit("return", 4);
    await settled(socket);
    socket.on("returned", gone);
    socket.off();
    socket.emit("return", 5);
    await settled(socket);
  },

  "reserved names cannot be emitted": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect("", { autoConnect: false });
    for (const name of [
      "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]) {
      assert.throws(() => socket.emit(name), (error) => lab.note(error) ?? true);
    }
  },
};
