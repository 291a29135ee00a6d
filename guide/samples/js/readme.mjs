import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:3000");
socket.on("said", (line) => console.log(line));
socket.emit("said", "hello from the terminal");
