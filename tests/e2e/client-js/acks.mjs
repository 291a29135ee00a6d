// Acks in both directions, and those that do not come.

import { next } from "../../waiting.mjs";
import { echo, settled } from "./lab.mjs";

export const scenarios = {
  "acks in both directions": async (lab) => {
    let answers = 0;
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => {
        socket.conn.on("packet", ({ data }) => (answers += String(data).startsWith("3")));
        socket.on("ask me", async () => {
          socket.emit("answer", await socket.timeout(5_000).emitWithAck("question", 1));
        });
      });
    });
    const socket = lab.connect();
    socket.on("question", (number, answer) => {
      answer(number, { two: "2" });
      answer("a second answer goes nowhere");
    });
    socket.on("question", (number, answer) => lab.note(number, typeof answer));
    socket.emit("echo", "before connect", (...args) => lab.note("buffered", ...args));
    await next(socket, "connect");
    socket.emit("echo", 1, "2", { 3: [true, null] }, (...args) => lab.note("callback", ...args));
    socket.emit("echo", (...args) => lab.note("nothing", ...args));
    lab.note(await socket.emitWithAck("echo", "promise", "second value is dropped"));
    lab.note(await socket.timeout(5_000).emitWithAck("echo", "in time"));
    socket.timeout(5_000).emit("echo", "in time", (...args) => lab.note("timed", ...args));
    await settled(socket);
    socket.emit("ask me");
    lab.note(await next(socket, "answer"));
    await settled(socket);
    lab.note(answers);
  },

  "acks that do not come": async (lab) => {
    const received = [];
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => socket.onAny((...event) => received.push(event)));
    });
    const socket = lab.connect("", { ackTimeout: 15 });
    await next(socket, "connect");
    await new Promise((resolve) => {
      socket.timeout(5).emit("nobody listens", (...args) => resolve(lab.note(...args)));
    });
    await new Promise((resolve) => {
      socket.emit("nobody listens", (...args) => resolve(lab.note("by option", ...args)));
    });
    await socket.timeout(5).emitWithAck("nobody listens").catch((error) => lab.note(error));
    socket.disconnect();
    await socket.timeout(5).emitWithAck("echo", "while away").catch((error) => lab.note(error));
    socket.connect();
    await next(socket, "connect");
    lab.note(await socket.timeout(5_000).emitWithAck("echo", "back again"));
    lab.note(received); // not what timed out before it was sent
  },

  "acks pending when the connection ends": async (lab) => {
    await lab.serve((server) => {
      server.on("connection", (socket) => socket.on("leave me", () => socket.disconnect()));
    });
    const socket = lab.watch(lab.connect(), "socket", "disconnect");
    await next(socket, "connect");
    socket.emit("nobody listens", () => lab.note("never"));
    socket.timeout(60_000).emit("nobody listens", (error) => lab.note("timed", error));
    const promise = socket.emitWithAck("leave me").catch((error) => lab.note("promise", error));
    await promise;
  },
};
