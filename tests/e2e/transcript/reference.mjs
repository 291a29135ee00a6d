// The application that was recorded, on the reference implementation: what the replay itself is
// tested against.

import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";
import * as msgpack from "socket.io-msgpack-parser";

// The times are longer than those of the recording: see `slower` in recorded.mjs.
const OPTIONS = {
  "connection state recovery": { connectionStateRecovery: {} },
  "connection state recovery refused": { connectionStateRecovery: {} },
  "msgpack parser": { parser: msgpack.default },
  heartbeat: { pingInterval: 1000, pingTimeout: 2000 },
  connectTimeout: { connectTimeout: 1000 },
  "permessage-deflate": { perMessageDeflate: true },
  cookie: { cookie: true },
  "cookie with options": { cookie: { name: "my-cookie", httpOnly: false, sameSite: "strict", maxAge: 86400 } },
  cors: { cors: { origin: "http://allowed.example", credentials: true } },
  "cors star": { cors: { origin: "*" } },
  allowRequest: {
    allowRequest: (request, done) => done(request.url.includes("msg") ? "not today" : null, false),
  },
  "requests with a sid": { maxHttpBufferSize: 1000 },
  "upgrade edge cases": { upgradeTimeout: 3000 },
  "websocket edge cases": { maxHttpBufferSize: 1000, pingInterval: 25000 },
};

const scenario = process.env.SCENARIO;
const http = createServer((_, response) => response.writeHead(404).end());
const io = new Server(http, { pingInterval: 25000, pingTimeout: 20000, ...OPTIONS[scenario] });
const sockets = [];

/** The tags of the recording for what JSON does not have. */
function tagged(value) {
  if (value === undefined) return { $undefined: true };
  if (typeof value === "function") return { $function: true };
  if (Buffer.isBuffer(value)) return { $binary: value.toString("base64") };
  if (value instanceof Error) return { $error: value.message };
  if (Array.isArray(value)) return value.map(tagged);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, tagged(member)]));
}

const say = (name, ...args) => console.log(JSON.stringify({ name, args: tagged(args) }));

function watch(namespace) {
  namespace.on("connection", (socket) => {
    const { id, recovered, rooms } = socket;
    say("connection", namespace.name, { id, recovered, rooms: [...rooms] });
    socket.on("disconnecting", (reason) => say("disconnecting", namespace.name, reason, { rooms: [...rooms] }));
    socket.on("disconnect", (reason) => say("disconnect", namespace.name, reason));
    socket.onAny((...args) => say("event", namespace.name, ...args));
  });
}

io.on("connection", (socket) => {
  sockets.push(socket);
  socket.on("message", (...args) => socket.emit("message-back", ...args));
  socket.on("with ack", (...args) => args.pop()(...args));
  socket.on("bin ack", (...args) => args.pop()(Buffer.from([9, 9]), ...args));
  socket.on("ask me", () => socket.emit("question", 1, (...answer) => say("ack received", ...answer)));
  socket.on("n", (n) => socket.emit("d", "x".repeat(n)));
  socket.on("nc", (n) => socket.compress(false).emit("d", "x".repeat(n)));
  socket.on("echo", (value) => socket.emit("echo", value));
});
io.engine.on("connection_error", ({ code, message }) => say("engine connection_error", code, message));
watch(io.of("/"));

if (scenario === "namespaces") {
  watch(io.of("/admin"));
  io.of("/admin").use((socket, next) => {
    if (socket.handshake.auth.token === "ok") return next();
    next(Object.assign(new Error("not authorized"), { data: { content: "Please retry later" } }));
  });
  io.of("/plain").use((_, next) => next(new Error("nope")));
  watch(io.of(/^\/dynamic-\d+$/));
} else if (scenario === "disconnects") {
  watch(io.of("/b"));
} else if (scenario === "msgpack parser") {
  io.of("/no").use((_, next) => next(new Error("denied")));
} else if (scenario === "websocket edge cases") {
  watch(io.of("/two"));
} else if (scenario === "connection state recovery") {
  io.on("connection", (socket) => socket.recovered || socket.join("room"));
}

const last = () => sockets.at(-1);
const report = (what) => (error, answers) => say(what, error, answers);

const STEPS = {
  "server: socket.disconnect()": () => last().disconnect(),
  "server: socket.disconnect(true)": () => last().disconnect(true),
  "server: io.close()": () => io.close(),
  "io.emit": () => {
    sockets[0].join("r1");
    sockets[1].join(["r1", "r2"]);
    io.emit("e1");
  },
  "io.to(r1)": () => io.to("r1").emit("e2"),
  "io.to(r1).to(r2) (union, delivered once)": () => io.to("r1").to("r2").emit("e3"),
  "io.to(r1).except(r2)": () => io.to("r1").except("r2").emit("e4"),
  "io.except(r1)": () => io.except("r1").emit("e5"),
  "io.to(socket id)": () => io.to(sockets[2].id).emit("e6"),
  "socket[0].broadcast": () => sockets[0].broadcast.emit("e7"),
  "socket[0].to(r1)": () => sockets[0].to("r1").emit("e8"),
  "io.local.volatile.compress(false)": () => io.local.volatile.compress(false).emit("e9"),
  // Longer than their labels say, for who has to answer on a busy machine.
  "io.timeout(500).emit with ack (all answer)": () => io.timeout(5_000).emit("q", report("broadcast ack")),
  "io.timeout(100).emit with ack (one silent)": () => io.timeout(5_000).emit("q", report("broadcast ack")),
  "socket[0].timeout(50).emit with ack, no answer": () => sockets[0].timeout(50).emit("silent", report("ack")),
  "io.in(r1).disconnectSockets()": () => io.in("r1").disconnectSockets(),
  "io.disconnectSockets(true)": () => io.disconnectSockets(true),
  "emit while connected": () => {
    last().emit("direct", 1);
    io.emit("all", { a: 1 });
    io.to("room").emit("room");
    io.volatile.emit("volatile");
    last().emit("with-ack", () => {});
    io.emit("bin", Buffer.from([1, 2]));
  },
  "emit while away": () => {
    io.emit("missed-all", 2);
    io.to("room").emit("missed-room");
    io.to("other").emit("missed-other-room");
    io.except("room").emit("missed-excepted");
    io.volatile.emit("missed-volatile");
    io.to(last().id).emit("missed-direct", Buffer.from([7]));
  },
  "emit after": () => io.to("room").emit("after"),
  "emit without a poll": () => {
    last().emit("a", 1);
    last().emit("b", Buffer.from([1, 2]));
    last().emit("c", () => {});
    last().volatile.emit("lost");
  },
  "emit volatile to a poll": () => last().volatile.emit("kept"),
  "disconnect(true) with buffered packets and no poll pending": () => {
    last().emit("last");
    last().disconnect(true);
  },
};

createInterface({ input: process.stdin }).on("line", (label) => {
  STEPS[label]();
  say("step", label);
});
await once(http.listen(Number(process.env.PORT), "127.0.0.1"), "listening");
console.log(`ready ${http.address().port}`);
