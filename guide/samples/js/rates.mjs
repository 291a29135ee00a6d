import { setTimeout as pause } from "node:timers/promises";
import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:3000/rates", { transports: ["websocket"] });

// ANCHOR: shout
async function shout(text) {
  for (;;) {
    const answer = await socket.emitWithAck("shout", text);
    const wait = answer.error?.data?.retryAfter; // ms
    if (!wait) return answer;
    console.log(answer.error.message);
    await pause(wait);
  }
}

for (const text of ["one", "two", "three"]) console.log(text, await shout(text));
// ANCHOR_END: shout

socket.disconnect();
