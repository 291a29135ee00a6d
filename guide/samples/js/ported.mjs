// Talks to either server of the chapter "Coming from Socket.IO", and prints what it hears.
import { once } from "node:events";
import { io } from "socket.io-client";

const connect = (namespace, token) =>
  io("http://127.0.0.1:3000" + namespace, { auth: { token }, forceNew: true });
const heard = async (socket, event) => `${event}: ${JSON.stringify((await once(socket, event))[0])}`;

const stranger = connect("/");
const [refused] = await once(stranger, "connect_error");
console.log(refused.message, refused.data);

const ann = connect("/", "user:ann");
console.log(await heard(ann, "welcome"));
const bob = connect("/", "user:bob");
console.log(await heard(bob, "welcome"));

console.log(await ann.emitWithAck("join", "kitchen"));
const joined = heard(ann, "joined");
console.log(await bob.emitWithAck("join", "kitchen"));
console.log(await joined);

bob.emit("say", { room: 7 });
bob.emit("say", { room: "kitchen", text: "tea?" });
console.log(await heard(ann, "said"));
bob.emit("typing", "kitchen");
console.log(await heard(ann, "typing"));

ann.on("sure?", (room, answer) => answer(room === "kitchen"));
console.log(await ann.emitWithAck("clear", "kitchen"));
for (const socket of [ann, bob]) socket.on("vote", (question, answer) => answer(question.length));
console.log(await ann.emitWithAck("poll", "kitchen", "tea?"));

const uploaded = once(ann, "uploaded");
console.log(await bob.emitWithAck("upload", "a.bin", Buffer.from([1, 2, 3])), "bytes");
console.log(...(await uploaded));

bob.emit("admin:reset");
const admin = connect("/admin");
const members = await admin.emitWithAck("list", "kitchen");
console.log(members.map(([, name]) => name).sort());
const kicked = heard(bob, "disconnect");
const left = heard(ann, "left");
admin.emit("kick", bob.id);
console.log(await kicked);
console.log(await left);

const board = connect("/board-7");
board.emit("draw", 3, 4);
console.log(...(await once(board, "drawn")));
for (const socket of [ann, admin, board]) socket.disconnect();
