import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:3000/acks", { transports: ["websocket"] });

// ANCHOR: ask
// As a promise, which is rejected after 5 seconds:
const order = { item: "tea", count: 2 };
const receipt = await socket.timeout(5000).emitWithAck("order", order);
console.log(receipt);

// With a callback:
socket.emit("order", { item: "tea", count: 1 }, (receipt) => {
  console.log(receipt);
});
// ANCHOR_END: ask

// ANCHOR: refused
for (const count of [0, "many"]) {
  console.log(await socket.emitWithAck("order", { item: "tea", count }));
}
// ANCHOR_END: refused

// ANCHOR: answer
socket.on("confirm", ({ question }, answer) => {
  console.log(question);
  answer(true);
});
console.log(await socket.emitWithAck("checkout"));
// ANCHOR_END: answer

socket.disconnect();
