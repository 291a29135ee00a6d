import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:3000", { transports: ["websocket"] });

socket.on("connect", async () => {
  console.log(await socket.emitWithAck("greet", "Ann"));
  socket.disconnect();
});
