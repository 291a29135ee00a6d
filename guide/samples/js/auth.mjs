import { io } from "socket.io-client";

const url = "http://127.0.0.1:3000/members";
const options = { transports: ["websocket"], forceNew: true };

// ANCHOR: auth
const ann = io(url, { ...options, auth: { token: "user:ann", language: "de" } });
ann.on("welcome", (text) => console.log(text));

const eve = io(url, { ...options, auth: { token: "let me in" } });
eve.on("connect_error", (error) => console.log(error.message, error.data));

const bob = io(url, { ...options, auth: {} });
bob.on("connect_error", (error) => console.log(error.message));
// ANCHOR_END: auth

await Promise.all([
  new Promise((done) => ann.on("welcome", done)),
  new Promise((done) => eve.on("connect_error", done)),
  new Promise((done) => bob.on("connect_error", done)),
]);
ann.disconnect();
