// What the test server is with ADMIN, on Node.js with @socket.io/admin-ui: the reference. Takes what it takes from the
// environment, as far as the tests of the admin page need it.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { instrument } from "@socket.io/admin-ui";
import { Server } from "socket.io";
import parser from "socket.io-msgpack-parser";

const { ADMIN, ADMIN_NAMESPACE, ADMIN_PAGE, ADMIN_PASSWORD, ADMIN_READONLY, ORIGIN, PARSER, PORT = "0" } = process.env;

const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".png": "image/png", ".svg": "image/svg+xml" };

const http = createServer(async ({ url }, response) => {
  const name = url.slice("/admin-page/".length) || "index.html";
  try {
    const content = await readFile(path.join(ADMIN_PAGE, name));
    response.setHeader("Content-Type", TYPES[path.extname(name)] ?? "application/octet-stream").end(content);
  } catch {
    response.writeHead(404).end();
  }
});

const io = new Server(http, {
  ...(ORIGIN && { cors: { origin: ORIGIN, credentials: true } }),
  ...(PARSER === "msgpack" && { parser }),
});

for (const name of ["/", "/custom", /^\/room-\w+$/]) {
  io.of(name).on("connection", (socket) => {
    socket.emit("auth", socket.handshake.auth);
    socket.on("message", (...args) => socket.emit("message-back", ...args));
    socket.on("message-with-ack", (...args) => args.pop()(...args));
    socket.on("describe", (data) => Object.assign(socket.data, data));
    socket.on("join", async (room, done) => done?.(await socket.join(room)));
    socket.on("leave", async (room, done) => done?.(await socket.leave(room)));
    socket.on("cast", ({ to = [], event, args }) => socket.nsp.to(to).emit(event, ...args));
  });
}

instrument(io, {
  auth: ADMIN_PASSWORD ? { type: "basic", username: "admin", password: ADMIN_PASSWORD } : false,
  mode: ADMIN,
  readonly: ADMIN_READONLY !== undefined,
  serverId: "reference",
  ...(ADMIN_NAMESPACE && { namespaceName: ADMIN_NAMESPACE }),
});

http.listen(Number(PORT), "127.0.0.1", () => console.log(`ready ${http.address().port}`));
