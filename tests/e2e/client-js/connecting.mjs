// Connecting: what is sent along, what is refused, and which namespaces share a connection.

import { next } from "../../waiting.mjs";
import { echo } from "./lab.mjs";

export const scenarios = {
  "auth as an object and as a function": async (lab) => {
    await lab.serve((server) => {
      server.on("connection", (socket) => socket.emit("auth", socket.handshake.auth));
    });
    for (const auth of [{ token: "1" }, (send) => setTimeout(send, 5, { token: "2" }), undefined]) {
      const socket = lab.watch(lab.connect("", { auth }), "socket", "connect", "auth");
      await next(socket, "auth");
      lab.note(socket.connected, socket.disconnected, socket.active, socket.id.length);
    }
  },

  "a refused connection carries message and data, and may be tried again": async (lab) => {
    await lab.serve((server) => {
      server.use((socket, proceed) => {
        if (socket.handshake.auth.token === "right") return proceed();
        proceed(Object.assign(new Error("not you"), { data: { code: 7 } }));
      });
      echo(server);
    });
    const socket = lab.connect("", { auth: { token: "wrong" } });
    lab.watch(socket, "socket", "connect", "connect_error", "disconnect");
    await next(socket, "connect_error");
    lab.note(socket.connected, socket.active);
    socket.auth = { token: "right" };
    socket.connect();
    await next(socket, "connect");
    lab.note(socket.connected, socket.active);
  },

  "an unknown namespace": async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect("/nowhere"), "socket", "connect", "connect_error");
    await next(socket, "connect_error");
    lab.note(socket.active);
  },

  "namespaces share a connection": async (lab) => {
    await lab.serve((server) => ["/a", "/b", "/c"].forEach((nsp) => echo(server, nsp)));
    const a = lab.watch(lab.connect("/a"), "a", "connect", "disconnect");
    const b = lab.watch(lab.connect("/b"), "b", "connect", "disconnect");
    await Promise.all([next(a, "connect"), next(b, "connect")]);
    lab.note(a.io === b.io, a.id !== b.id, lab.server.engine.clientsCount);
    a.disconnect();
    lab.note(await b.emitWithAck("echo", "still here"));
    a.connect();
    await next(a, "connect");
    lab.note(await a.emitWithAck("echo", "again"), lab.server.engine.clientsCount);
    const twin = lab.connect("/a");
    await next(twin, "connect");
    const forced = lab.connect("/c", { forceNew: true });
    await next(forced, "connect");
    lab.note(twin === a, lab.server.engine.clientsCount);
  },

  "path and query": async (lab) => {
    await lab.serve(
      (server) => {
        server.on("connection", (socket) => {
          const { EIO, transport, room, n } = socket.handshake.query;
          socket.emit("query", { EIO, transport, room, n });
        });
      },
      { path: "/deep/er" },
    );
    const socket = lab.connect("", { path: "/deep/er", query: { room: "a b&c", n: 1 } });
    lab.note(await next(socket, "query"));
  },
};
