// A Socket.IO server of Node.js as a process of its own, with the options of the test server:
// ADAPTER, REDIS, RECOVERY (ms), NAME, PREFIX, STREAMS, MAX_LEN, SHARDED_PUB_SUB, PLAINTEXT; and CLIENT, the Redis package it uses,
// and LEGACY, which stands for the adapters' older versions. With ADMIN, ADMIN_PASSWORD and ADMIN_STORE it has the admin
// page. It prints "ready PORT" once it listens, and does what a test asks it to: POST /control.

import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { RedisStore, instrument } from "@socket.io/admin-ui";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { createAdapter as createAdapter7 } from "redis-adapter-7";
import { createAdapter as createStreamsAdapter02 } from "redis-streams-adapter-0.2";
import { Server } from "socket.io";
import { connect } from "./clients.mjs";
import { tag, untag } from "./values.mjs";

const { ADMIN, ADMIN_PASSWORD, ADMIN_STORE } = process.env;
const { ADAPTER, CLIENT = "ioredis", LEGACY, NAME, NAMESPACES, PREFIX, RECOVERY, REDIS } = process.env;

const redis = () => connect(REDIS, CLIENT);

async function adapter() {
  const [kind, mode] = ADAPTER.split(/-(.*)/);
  switch (kind) {
    case "classic": {
      const create = LEGACY ? createAdapter7 : createAdapter;
      const key = PREFIX && { key: PREFIX };
      return create(await redis(), await redis(), { publishOnSpecificResponseChannel: mode === "specific", ...key });
    }
    case "sharded": {
      const prefix = PREFIX && { channelPrefix: PREFIX };
      return createShardedAdapter(await redis(), await redis(), { subscriptionMode: mode, ...prefix });
    }
    case "streams":
      return LEGACY ? createStreamsAdapter02(await redis()) : createStreamsAdapter(await redis(), streamsOptions());
  }
  throw new Error(`there is no adapter ${ADAPTER}`);
}

function streamsOptions() {
  const { MAX_LEN, PLAINTEXT, SHARDED_PUB_SUB, STREAMS = "1" } = process.env;
  return {
    onlyPlaintext: PLAINTEXT !== undefined,
    streamCount: Number(STREAMS),
    useShardedPubSub: SHARDED_PUB_SUB !== undefined,
    ...(MAX_LEN && { maxLen: Number(MAX_LEN) }),
    ...(PREFIX && { channelPrefix: PREFIX, sessionKeyPrefix: `${PREFIX}:session:`, streamName: PREFIX }),
  };
}

const http = createServer((request, response) => {
  control(request).then(
    (value) => response.end(JSON.stringify(tag({ value }))),
    (error) => response.end(JSON.stringify({ error: error.message })),
  );
});

// With the sharded ones events would get an argument too many; with the classic one a client recovers nothing.
const recovers = RECOVERY && !ADAPTER.startsWith("sharded");

const io = new Server(http, {
  adapter: await adapter(),
  perMessageDeflate: { threshold: 100 },
  ...(recovers && { connectionStateRecovery: { maxDisconnectionDuration: Number(RECOVERY) } }),
});

const heard = [];

for (const name of NAMESPACES.split(",")) {
  const namespace = io.of(name);
  namespace.on("connection", (socket) => {
    // Not another object: the admin page has its own data in it. The packet that connects a client has no binary.
    if (!socket.recovered) Object.assign(socket.data, untag(socket.handshake.auth.data ?? {}));
    socket.on("join", async (rooms, done) => done(await socket.join(rooms)));
    socket.on("leave", async (room, done) => done(await socket.leave(room)));
    socket.on("cast", (room, event, args) => socket.to(room).emit(event, ...args));
  });
  namespace.on("hello", (...args) => {
    const answer = typeof args.at(-1) === "function" ? args.pop() : () => {};
    heard.push({ nsp: name, args });
    answer({ from: NAME, args });
  });
}

if (ADMIN) {
  instrument(io, {
    auth: ADMIN_PASSWORD ? { type: "basic", username: "admin", password: ADMIN_PASSWORD } : false,
    mode: ADMIN,
    serverId: NAME,
    ...(ADMIN_STORE && { store: new RedisStore(await connect(ADMIN_STORE, "ioredis")) }),
  });
}

/** The sockets that a request is about. */
function target({ nsp = "/", to = [], except = [], ...flags }) {
  let target = io.of(nsp).to(to).except(except);
  if (flags.local) target = target.local;
  if (flags.volatile) target = target.volatile;
  if (flags.compress === false) target = target.compress(false);
  if (flags.timeout) target = target.timeout(flags.timeout);
  return target;
}

async function remote(request) {
  const [socket] = await target({ ...request, to: [request.id] }).fetchSockets();
  return socket;
}

/** The answers, and whether all came in time. */
const answers = (ask) => new Promise((resolve) => ask((error, answers) => resolve({ answers, complete: !error })));

const operations = {
  emit: (request) => void target(request).emit(request.event, ...request.args),
  series: ({ event, targets, count }) => {
    for (let n = 0; n < count; n++) target(targets[n % targets.length]).emit(event, n);
  },
  ask: (request) => answers((done) => target(request).emit(request.event, ...request.args, done)),
  fetch: async (request) =>
    (await target(request).fetchSockets()).map(({ id, rooms, data, handshake }) => {
      const { auth, headers, query, secure, time, url } = handshake;
      return { id, rooms: [...rooms], data, handshake: { auth, headers, query, secure, time, url } };
    }),
  join: (request) => target(request).socketsJoin(request.rooms),
  leave: (request) => target(request).socketsLeave(request.rooms),
  disconnect: (request) => target(request).disconnectSockets(request.close),
  remoteEmit: async (request) => void (await remote(request)).emit(request.event, ...request.args),
  remoteAsk: async (request) => {
    const socket = (await remote(request)).timeout(request.timeout);
    return socket.emitWithAck(request.event, ...request.args);
  },
  remoteJoin: async (request) => void (await remote(request)).join(request.rooms),
  remoteLeave: async (request) => void (await remote(request)).leave(request.rooms),
  remoteDisconnect: async (request) => void (await remote(request)).disconnect(request.close),
  serverSideEmit: ({ nsp, event, args }) => void io.of(nsp).serverSideEmit(event, ...args),
  serverSideAsk: ({ nsp, event, args }) => answers((done) => io.of(nsp).serverSideEmit(event, ...args, done)),
  serverCount: ({ nsp }) => io.of(nsp).adapter.serverCount(),
  heard: () => heard.splice(0),
};

async function control(request) {
  const { op, ...asked } = untag(await json(request));
  return (await operations[op](asked)) ?? null;
}

http.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log(`ready ${http.address().port}`));
