// ANCHOR: parser
import { io } from "socket.io-client";
import parser from "socket.io-msgpack-parser";

const socket = io("http://127.0.0.1:3000", { parser });
// ANCHOR_END: parser

console.log(await socket.emitWithAck("greet", "Ann"));
socket.disconnect();
