import { io } from "socket.io-client";

// ANCHOR: refused
const socket = io("http://127.0.0.1:3000/diary", { auth: { token: "let me in" } });
socket.on("connect_error", (error) => {
  console.log(error.message, error.data); // not authorized { code: 401 }
});
// ANCHOR_END: refused
