// The server on Node.js in the chapter "Coming from Socket.IO".

// ANCHOR: start
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
  pingInterval: 10_000,
  maxHttpBufferSize: 100_000,
});
http.listen(process.argv[2] ?? 3000);
// ANCHOR_END: start

// ANCHOR: auth
io.use((socket, next) => {
  const { token } = socket.handshake.auth;
  if (!token?.startsWith("user:")) {
    const error = new Error("not authorized");
    error.data = { code: 401 };
    return next(error);
  }
  socket.data.name = token.slice("user:".length);
  next();
});

io.on("connection", (socket) => {
  socket.emit("welcome", socket.data.name);
});
// ANCHOR_END: auth

// ANCHOR: join
io.on("connection", (socket) => {
  socket.on("join", (room, answer) => {
    socket.join(room);
    socket.to(room).emit("joined", socket.data.name);
    answer([...socket.rooms].filter((room) => room !== socket.id));
  });
});
// ANCHOR_END: join

// ANCHOR: say
io.on("connection", (socket) => {
  socket.on("say", ({ room, text }) => {
    if (typeof room !== "string" || typeof text !== "string") return;
    io.to(room).emit("said", { from: socket.data.name, text });
  });
});
// ANCHOR_END: say

// ANCHOR: typing
io.on("connection", (socket) => {
  socket.on("typing", (room) => {
    socket.volatile.to(room).emit("typing", socket.data.name);
  });
});
// ANCHOR_END: typing

// ANCHOR: ask
io.on("connection", (socket) => {
  socket.on("clear", async (room, answer) => {
    try {
      const sure = await socket.timeout(5000).emitWithAck("sure?", room);
      answer(sure ? "cleared" : "kept");
    } catch {
      answer("no answer");
    }
  });
});
// ANCHOR_END: ask

// ANCHOR: poll
io.on("connection", (socket) => {
  socket.on("poll", async (room, question, answer) => {
    let votes;
    try {
      votes = await io.to(room).timeout(2000).emitWithAck("vote", question);
    } catch (error) {
      votes = error.responses; // of those who answered in time
    }
    answer(votes);
  });
});
// ANCHOR_END: poll

// ANCHOR: binary
io.on("connection", (socket) => {
  socket.on("upload", (name, content, answer) => {
    socket.broadcast.emit("uploaded", { name, content });
    answer(content.length);
  });
});
// ANCHOR_END: binary

// ANCHOR: guard
io.on("connection", (socket) => {
  socket.use(([name], next) => {
    if (name.startsWith("admin:")) return next(new Error("not you"));
    next();
  });
  socket.onAny((name) => console.log(socket.id, name));
});
// ANCHOR_END: guard

// ANCHOR: leave
io.on("connection", (socket) => {
  socket.on("disconnecting", () => {
    for (const room of socket.rooms) {
      socket.to(room).emit("left", socket.data.name);
    }
  });
  socket.on("disconnect", (reason) => {
    console.log(socket.data.name, "has gone:", reason);
  });
});
// ANCHOR_END: leave

// ANCHOR: admin
const admin = io.of("/admin");
admin.on("connection", (socket) => {
  socket.on("list", async (room, answer) => {
    const members = await io.in(room).fetchSockets();
    answer(members.map(({ id, data }) => [id, data.name]));
  });
  socket.on("kick", (id) => {
    io.in(id).disconnectSockets(true);
  });
});
// ANCHOR_END: admin

// ANCHOR: boards
io.of(/^\/board-\d+$/).on("connection", (socket) => {
  const number = Number(socket.nsp.name.slice("/board-".length));
  socket.on("draw", (x, y) => {
    socket.nsp.emit("drawn", number, x, y);
  });
});
// ANCHOR_END: boards

// ANCHOR: outside
setInterval(() => io.emit("time", Date.now()), 60_000).unref();

process.once("SIGTERM", () => io.close());
// ANCHOR_END: outside

http.on("listening", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
