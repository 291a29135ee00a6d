// node upload.mjs FILE
import { open } from "node:fs/promises";
import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:3000/files", { transports: ["websocket"] });

// ANCHOR: upload
const CHUNK = 256 * 1024; // bytes

async function ask(...event) {
  const answer = await socket.timeout(10_000).emitWithAck(...event);
  if (answer.error) throw new Error(answer.error.message);
  return answer;
}

async function upload(file, size) {
  let there = await ask("upload", { size });
  while (there < size) {
    const part = Buffer.alloc(Math.min(CHUNK, size - there));
    await file.read(part, 0, part.length, there);
    there = await ask("chunk", there, part);
    console.log(`${Math.round((100 * there) / size)} %`);
  }
}
// ANCHOR_END: upload

const file = await open(process.argv[2]);
await upload(file, (await file.stat()).size);
await file.close();
socket.disconnect();
