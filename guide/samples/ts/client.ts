import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents } from "./chat";

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io();
socket.on("closing", ({ minutes }) => console.log(`${minutes} minutes left`));
socket.emit("say", { text: "hello" }, (answer) => {
  if ("error" in answer) console.error(answer.error.message);
  else console.log(`message ${answer.id}`);
});
