// The server of the benchmarks as Socket.IO on Node.js has it: it does what `bench-server` does.
//
// | variable  | meaning                                                          | default  |
// | --------- | ---------------------------------------------------------------- | -------- |
// | `PORT`    | where to listen on 127.0.0.1                                     | 21001    |
// | `REDIS`   | the URL of a Redis through which it is one of several nodes      | none     |
// | `ADAPTER` | how: `pub_sub` or `streams`                                      | `pub_sub` |

import { createServer } from "node:http";
import { createAdapter as overPubSub } from "@socket.io/redis-adapter";
import { createAdapter as overStreams } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const { PORT = "21001", REDIS, ADAPTER = "pub_sub" } = process.env;

// As our own server has it.
const BACKLOG = 8192;

async function connected(client) {
  await client.connect();
  return client;
}

async function adapter() {
  if (!REDIS) return {};
  const client = await connected(createClient({ url: REDIS }));
  if (ADAPTER === "streams") return { adapter: overStreams(client) };
  if (ADAPTER === "pub_sub") return { adapter: overPubSub(client, await connected(client.duplicate())) };
  throw new Error(`ADAPTER is "${ADAPTER}", neither of the two`);
}

const http = createServer();
const io = new Server(http, { serveClient: false, transports: ["websocket"], ...(await adapter()) });

io.on("connection", (socket) => {
  socket.on("join", async (room, done) => {
    await socket.join(room);
    done();
  });
  socket.on("publish", (room, data) => io.to(room).emit("message", data));
  socket.on("echo", (data, done) => done(data));
});

http.listen({ host: "127.0.0.1", port: Number(PORT), backlog: BACKLOG }, () => console.log(`ready ${http.address().port}`));
