import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:3000", { transports: ["websocket"] });

socket.on("said", ({ text }) => console.log(text));

const lines = createInterface({ input: process.stdin });
lines.on("line", (text) => socket.emit("say", { text }));
lines.on("close", () => socket.disconnect());
