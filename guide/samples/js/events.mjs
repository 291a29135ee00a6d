import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:3000/events", { transports: ["websocket"] });

// ANCHOR: emit
socket.emit("draw", { x: 3, y: 4 });
socket.emit("rename", "Sketch");
socket.emit("resize", 800, 600);
socket.emit("clear");
// ANCHOR_END: emit

// ANCHOR: listen
socket.on("changed", ({ what, to }) => console.log(what, "is now", to));
socket.on("cleared", (count, what) => console.log("cleared", count, what));
socket.on("note", ({ text, colour }) => console.log("note:", text, colour));
// ANCHOR_END: listen

// ANCHOR: note
const note = { noteText: "buy milk", colour: "red" };
const number = await socket.emitWithAck("add note", note);
console.log("this is note", number);
console.log("line", await socket.emitWithAck("scroll", "down"));
// ANCHOR_END: note

// ANCHOR: binary
socket.on("uploaded", ({ name, content }) => console.log(name, content));
const upload = { name: "a.bin", content: new Uint8Array([1, 2, 3]) };
console.log(await socket.emitWithAck("upload", upload), "bytes");
// ANCHOR_END: binary

socket.disconnect();
