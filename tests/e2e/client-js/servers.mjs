// Servers that refuse, do not answer, fall silent, or send what cannot be read.

import { once } from "node:events";
import { createServer } from "node:net";
import { WebSocketServer } from "ws";
import { next } from "../../waiting.mjs";
import { echo } from "./lab.mjs";

export const scenarios = {
  "a server that refuses": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect("", { path: "/elsewhere", reconnection: false });
    lab.watch(socket, "socket", "connect_error");
    lab.watch(socket.io, "manager", "error");
    await next(socket, "connect_error");
    lab.note(socket.active);
  },

  "a server that does not answer": async (lab) => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    lab.port = silent.address().port;
    const socket = lab.connect("", { timeout: 20, reconnection: false });
    lab.watch(socket, "socket", "connect_error");
    await next(socket, "connect_error");
    socket.disconnect();
    silent.close();
  },

  "a server that falls silent": async (lab) => {
    // Not the official one, whose own timeout could close the connection first.
    const silent = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(silent, "listening");
    lab.port = silent.address().port;
    silent.on("connection", (peer) => {
      peer.send('0{"sid":"e","upgrades":[],"pingInterval":2000,"pingTimeout":1000,"maxPayload":1000}');
      peer.on("message", (data) => {
        if (!String(data).includes("ignore")) peer.send('40{"sid":"s"}');
      });
    });
    for (const auth of [{}, { ignore: true }]) {
      const socket = lab.connect("", { reconnection: false, auth });
      lab.watch(socket, "socket", "connect", "disconnect");
      await next(socket, "disconnect");
      lab.note(socket.active);
    }
    silent.close();
  },

  "a server that pings": async (lab) => {
    await lab.serve(echo, { pingInterval: 10, pingTimeout: 5_000 });
    const socket = lab.watch(lab.connect(), "socket", "disconnect");
    for (let pings = 0; pings < 3; pings++) await next(socket.io, "ping");
    lab.note(await socket.emitWithAck("echo", "alive"));
  },

  "packets that cannot be read": async (lab) => {
    const bad = [
      '2["half', "2{}", '2["connect"]', '9["type"]', '51-["bin",{"_placeholder":true,"num":1}]',
      Buffer.from([1]),
    ];
    await lab.serve((server) => {
      server.on("connection", (socket) => {
        socket.on("break", (index) => {
          socket.conn.write(bad[index]);
          if (String(bad[index]).startsWith("51-")) socket.conn.write(Buffer.from([1]));
        });
      });
    });
    const socket = lab.connect();
    lab.watch(socket, "socket", "connect", "disconnect");
    for (const index of bad.keys()) {
      await next(socket, "connect");
      socket.emit("break", index);
      await next(socket, "disconnect");
    }
  },
};
