// Disconnecting, by either side, and reconnecting.

import { next } from "../../waiting.mjs";
import { echo, settled } from "./lab.mjs";

export const scenarios = {
  "the server disconnects a namespace": async (lab) => {
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => socket.on("leave me", () => socket.disconnect()));
    });
    const socket = lab.watch(lab.connect(), "socket", "connect", "disconnect");
    lab.watch(socket.io, "manager", "reconnect_attempt");
    await next(socket, "connect");
    const { id } = socket;
    socket.emit("leave me");
    await next(socket, "disconnect");
    lab.note(socket.connected, socket.active, socket.id);
    socket.connect();
    await next(socket, "connect");
    lab.note(id !== socket.id);
  },

  "the server disconnects all namespaces": async (lab) => {
    await lab.serve((server) => {
      echo(server, "/other");
      server.on("connection", (socket) => socket.on("leave me", () => socket.disconnect(true)));
    });
    const main = lab.watch(lab.connect(), "main", "disconnect");
    const other = lab.watch(lab.connect("/other"), "other", "disconnect");
    await Promise.all([next(main, "connect"), next(other, "connect")]);
    main.emit("leave me");
    await Promise.all([next(main, "disconnect"), next(other, "disconnect")]);
    lab.note(main.active, other.active);
  },

  "the client disconnects": async (lab) => {
    let gone;
    await lab.serve((server) => {
      echo(server);
      gone = new Promise((resolve) => {
        server.on("connection", (socket) => socket.on("disconnect", resolve));
      });
    });
    const socket = lab.watch(lab.connect(), "socket", "connect", "disconnect");
    await next(socket, "connect");
    socket.close();
    lab.note(socket.connected, socket.active, await gone);
    socket.disconnect();
    socket.connect();
    await next(socket, "connect");
  },

  "reconnection after a restart of the server": async (lab) => {
    await lab.serve(echo);
    // Late enough for the first attempt to find the server back.
    const delay = { reconnectionDelay: 6_000, reconnectionDelayMax: 6_000, randomizationFactor: 0 };
    const socket = lab.connect("", delay);
    lab.watch(socket, "socket", "connect", "connect_error", "disconnect");
    lab.watch(socket.io, "manager", "reconnect_attempt", "reconnect", "reconnect_failed", "error");
    await next(socket, "connect");
    const { id } = socket;
    const lost = next(socket, "disconnect");
    await lab.stop();
    await lost;
    lab.note(socket.connected, socket.active, Boolean(socket.recovered));
    socket.emit("echo", "meanwhile", (answer) => lab.note(answer));
    await lab.restart();
    await next(socket, "connect");
    await settled(socket);
    lab.note(id !== socket.id);
  },

  "reconnection gives up": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect("", { reconnectionAttempts: 3 });
    lab.watch(socket, "socket", "connect_error", "disconnect");
    lab.watch(socket.io, "manager", "reconnect_attempt", "reconnect", "reconnect_failed", "error");
    await next(socket, "connect");
    await lab.stop();
    await next(socket.io, "reconnect_failed");
    lab.note(socket.active);
    await lab.restart();
    socket.connect();
    await next(socket, "connect");
  },

  "no reconnection when it is turned off": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect("", { reconnection: false });
    lab.watch(socket, "socket", "connect", "connect_error", "disconnect");
    lab.watch(socket.io, "manager", "reconnect_attempt", "error");
    await next(socket, "connect");
    const lost = next(socket, "disconnect");
    await lab.stop();
    await lost;
    lab.note(socket.active);
    socket.connect();
    await next(socket, "connect_error");
    await lab.restart();
    socket.connect();
    await next(socket, "connect");
  },

  "disconnect while reconnecting": async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect(), "socket", "connect", "disconnect");
    await next(socket, "connect");
    await lab.stop();
    await next(socket.io, "reconnect_attempt");
    socket.disconnect();
    lab.note(socket.active);
    await lab.restart();
    socket.connect();
    await next(socket, "connect");
  },

  "disconnect at the moment of reconnecting": async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect(), "socket", "connect", "disconnect");
    await next(socket, "connect");
    socket.io.on("reconnect_attempt", () => socket.disconnect());
    const attempt = next(socket.io, "reconnect_attempt");
    await lab.stop();
    await lab.restart();
    await attempt;
    const other = lab.connect("", { forceNew: true });
    await next(other, "connect");
    lab.note(socket.active, lab.server.engine.clientsCount);
  },

  "recovery of a session": async (lab) => {
    await lab.serve(
      (server) => {
        server.on("connection", (socket) => {
          socket.emit("hello", socket.recovered);
          socket.on("cut me", () => {
            socket.conn.close();
            server.emit("missed", 1);
            server.emit("missed", 2);
          });
        });
      },
      { connectionStateRecovery: {} },
    );
    const socket = lab.connect();
    // Not the offset, which comes last and differs between runs.
    for (const event of ["hello", "missed"]) socket.on(event, (value) => lab.note(event, value));
    lab.watch(socket, "socket", "connect", "disconnect");
    await next(socket, "hello");
    const { id } = socket;
    lab.note(Boolean(socket.recovered));
    socket.emit("cut me");
    await next(socket, "disconnect");
    await next(socket, "hello");
    lab.note(Boolean(socket.recovered), socket.id === id);
  },
};
