import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:3000/errors", { transports: ["websocket"] });

// ANCHOR: refused
console.log(await socket.emitWithAck("transfer", { amount: 5000 }));
console.log(await socket.emitWithAck("transfer", { amount: 0 }));
console.log(await socket.emitWithAck("transfer", { amount: "all" }));
// ANCHOR_END: refused

// ANCHOR: panic
socket.on("disconnect", (reason) => console.log(reason));
socket.emitWithAck("divide", 1, 0).catch((error) => console.log(error.message));
// ANCHOR_END: panic
