import { io } from "socket.io-client";

const url = "http://127.0.0.1:3000/inbox";
const options = { transports: ["websocket"], forceNew: true };

const socket = io(url, { ...options, auth: { token: "ann" } });

// ANCHOR: listen
socket.on("presence_state", ({ room, total, present }) => {
  console.log(room, total, JSON.stringify(present));
});
socket.on("presence_diff", ({ room, joins, updates, leaves }) => {
  console.log(room, JSON.stringify({ joins, updates, leaves }));
});
// ANCHOR_END: listen

const next = (event) => new Promise((done) => socket.once(event, done));

socket.emit("enter", { room: "lobby", device: "phone" });
await next("presence_state");

const joined = next("presence_diff");
const ben = io(url, { ...options, auth: { token: "ben" } });
ben.emit("enter", { room: "lobby", device: "desktop" });
await joined;

const left = next("presence_diff");
ben.disconnect();
await left;
socket.disconnect();
