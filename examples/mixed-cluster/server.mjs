// A Socket.IO server of Node.js, with the Redis adapter of Socket.IO. It does not know that the other node is none.
// Usage: node server.mjs --redis URL --name NAME [--port PORT]

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { parseArgs } from "node:util";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const { values: options } = parseArgs({
  options: {
    redis: { type: "string", default: "redis://127.0.0.1/" },
    name: { type: "string", default: "node-js" },
    port: { type: "string", default: "0" },
  },
});

const publisher = createClient({ url: options.redis });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) {
  client.on("error", (error) => console.error(`redis: ${error.message}`));
  await client.connect();
}

const server = createServer(page);
const io = new Server(server, { adapter: createAdapter(publisher, subscriber) });

io.use((socket, next) => {
  const { nick } = socket.handshake.auth;
  const fits = typeof nick === "string" && nick.trim() === nick && nick.length >= 1 && nick.length <= 24;
  next(fits ? undefined : new Error("A name has 1 to 24 characters."));
});

io.on("connection", (socket) => {
  const { nick } = socket.handshake.auth;
  socket.data = { nick, node: options.name };
  socket.join("lobby");
  socket.emit("welcome", options.name);
  io.to("lobby").emit("changed");

  socket.on("say", (text, ack) => {
    const answer = answering(ack);
    if (typeof text !== "string" || text.length < 1 || text.length > 2_000) {
      return answer({ error: { message: "Too long or empty." } });
    }
    io.to("lobby").emit("message", { from: nick, text, at: Date.now(), node: options.name });
    answer();
  });

  socket.on("who", async (ack) => {
    const answer = answering(ack);
    try {
      answer(await people());
    } catch (error) {
      console.error(`who: ${error.message}`); // a node that does not answer in time, or Redis
      answer({ error: { message: "Not all nodes have answered." } });
    }
  });

  socket.on("disconnect", () => io.to("lobby").emit("changed"));
});

/** The ack of an event. A client may have sent anything in its place, and what a listener throws ends the process. */
const answering = (ack) => (typeof ack === "function" ? ack : () => {});

/** Who is in the lobby, on all nodes: each once, with each of their tabs. */
async function people() {
  const metas = new Map(); // by name
  for (const { data } of await io.in("lobby").fetchSockets()) {
    if (typeof data?.nick !== "string") continue; // a socket of the other node that has not said yet who it is
    if (!metas.has(data.nick)) metas.set(data.nick, []);
    metas.get(data.nick).push({ node: data.node });
  }
  return [...metas].map(([key, metas]) => ({ key, metas }));
}

const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript" };

const FILES = {
  "/": "../cluster/static/index.html",
  "/cluster.css": "../cluster/static/cluster.css",
  "/cluster.js": "../cluster/static/cluster.js",
  "/style.css": "../chat/static/style.css",
};

async function page({ url }, response) {
  if (url === "/client.js") {
    return response.writeHead(302, { location: "/socket.io/socket.io.esm.min.js" }).end();
  }
  const file = FILES[url];
  if (!file) return response.writeHead(404).end();
  const content = await readFile(new URL(file, import.meta.url));
  response.writeHead(200, { "content-type": `${TYPES[extname(file)]}; charset=utf-8` }).end(content);
}

server.listen(Number(options.port), "127.0.0.1", () => {
  console.log(`${options.name} listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await io.close();
    await Promise.all([publisher.quit(), subscriber.quit()]);
  });
}
