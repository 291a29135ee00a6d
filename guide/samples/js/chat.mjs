// node chat.mjs NICK
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const nick = process.argv[2];
const room = "lobby";
const socket = io("http://127.0.0.1:3000", {
  transports: ["websocket"],
  auth: { nick },
});

socket.on("connect", async () => {
  const rooms = await socket.emitWithAck("join", { room });
  console.log(`you are in ${rooms}`);
});
socket.on("connect_error", (error) => {
  console.log(`refused: ${error.message}`);
  process.exit(1);
});
socket.on("said", ({ from, text }) => console.log(`${from}: ${text}`));
socket.on("joined", ({ nick }) => console.log(`${nick} is here`));
socket.on("left", ({ nick }) => console.log(`${nick} has gone`));

const lines = createInterface({ input: process.stdin });
lines.on("line", (text) => socket.emit("say", { room, text }));
lines.on("close", () => socket.disconnect());
