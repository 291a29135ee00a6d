// Holds the hub's client.js to socket.io-client: each scenario runs with both against the official
// server, and what the application observes must be the same.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Server } from "socket.io";
import { io as original } from "socket.io-client";
import { WebSocket, WebSocketServer } from "ws";
import { freePort } from "../ports.mjs";

globalThis.WebSocket ??= WebSocket;

const source = await readFile(
  new URL("../../framework/src/server/client.js", import.meta.url),
  "utf8",
);
// By a data URL, because Node takes a .js file without a package.json for CommonJS.
const { io: ours } = await import(
  `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`
);

test("client.js is smaller than 4 KB when compressed", () => {
  const size = gzipSync(source, { level: 9 }).length;
  assert.ok(size < 4096, `${size} bytes`);
});

/** A server, clients of one implementation, and the log of what they saw. */
class Lab {
  log = [];
  #sockets = [];

  constructor(io) {
    this.io = io;
  }

  async serve(setup, options = {}) {
    this.restart = async () => {
      this.http = createServer();
      this.server = new Server(this.http, options);
      await setup(this.server);
      this.http.listen((this.port ??= await freePort()), "127.0.0.1");
      await once(this.http, "listening");
    };
    await this.restart();
  }

  async stop() {
    if (!this.server) return;
    await this.server.close();
    this.server = undefined;
  }

  connect(target = "", options = {}) {
    const socket = this.io(`http://127.0.0.1:${this.port}${target}`, {
      transports: ["websocket"],
      reconnectionDelay: 10,
      reconnectionDelayMax: 20,
      ...options,
    });
    this.#sockets.push(socket);
    return socket;
  }

  note(...entry) {
    this.log.push(entry.map(comparable));
  }

  /** Logs these events of a socket or manager under a label. */
  watch(emitter, label, ...events) {
    for (const event of events) {
      emitter.on(event, (...args) => {
        if (event === "disconnect") args.length = 1; // the rest describes the transport
        this.note(label, event, ...args);
      });
    }
    return emitter;
  }

  async close() {
    for (const socket of this.#sockets) socket.disconnect();
    await this.stop();
  }
}

/** Binary as a list of bytes, errors as what the application reads of them. */
function comparable(value) {
  if (value instanceof Error) return { error: value.message, data: value.data };
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) {
    return { bytes: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] };
  }
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return value.map(comparable);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, comparable(item)]));
  }
  return value;
}

/** The arguments of the next such event; fails when it does not come. */
function next(emitter, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no "${event}"`)), 30_000);
    emitter.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

/** A round trip: everything sent before has been handled on both sides. */
const settled = (socket) => socket.emitWithAck("echo");

const echo = (server, nsp = "/") =>
  server.of(nsp).on("connection", (socket) => {
    socket.on("echo", (...args) => args.pop()(...args));
    socket.on("return", (...args) => socket.emit("returned", ...args));
  });

const scenarios = {
  "auth as an object and as a function": async (lab) => {
    await lab.serve((server) => {
      server.on("connection", (socket) => socket.emit("auth", socket.handshake.auth));
    });
    for (const auth of [{ token: "1" }, (send) => setTimeout(send, 5, { token: "2" }), undefined]) {
      const socket = lab.watch(lab.connect("", { auth }), "socket", "connect", "auth");
      await next(socket, "auth");
      lab.note(socket.connected, socket.disconnected, socket.active, socket.id.length);
    }
  },

  "a refused connection carries message and data, and may be tried again": async (lab) => {
    await lab.serve((server) => {
      server.use((socket, proceed) => {
        if (socket.handshake.auth.token === "right") return proceed();
        proceed(Object.assign(new Error("not you"), { data: { code: 7 } }));
      });
      echo(server);
    });
    const socket = lab.connect("", { auth: { token: "wrong" } });
    lab.watch(socket, "socket", "connect", "connect_error", "disconnect");
    await next(socket, "connect_error");
    lab.note(socket.connected, socket.active);
    socket.auth = { token: "right" };
    socket.connect();
    await next(socket, "connect");
    lab.note(socket.connected, socket.active);
  },

  "an unknown namespace": async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect("/nowhere"), "socket", "connect", "connect_error");
    await next(socket, "connect_error");
    lab.note(socket.active);
  },

  "namespaces share a connection": async (lab) => {
    await lab.serve((server) => ["/a", "/b", "/c"].forEach((nsp) => echo(server, nsp)));
    const a = lab.watch(lab.connect("/a"), "a", "connect", "disconnect");
    const b = lab.watch(lab.connect("/b"), "b", "connect", "disconnect");
    await Promise.all([next(a, "connect"), next(b, "connect")]);
    lab.note(a.io === b.io, a.id !== b.id, lab.server.engine.clientsCount);
    a.disconnect();
    lab.note(await b.emitWithAck("echo", "still here"));
    a.connect();
    await next(a, "connect");
    lab.note(await a.emitWithAck("echo", "again"), lab.server.engine.clientsCount);
    const twin = lab.connect("/a");
    await next(twin, "connect");
    const forced = lab.connect("/c", { forceNew: true });
    await next(forced, "connect");
    lab.note(twin === a, lab.server.engine.clientsCount);
  },

  "path and query": async (lab) => {
    await lab.serve(
      (server) => {
        server.on("connection", (socket) => {
          const { EIO, transport, room, n } = socket.handshake.query;
          socket.emit("query", { EIO, transport, room, n });
        });
      },
      { path: "/deep/er" },
    );
    const socket = lab.connect("", { path: "/deep/er", query: { room: "a b&c", n: 1 } });
    lab.note(await next(socket, "query"));
  },

  "acks in both directions": async (lab) => {
    let answers = 0;
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => {
        socket.conn.on("packet", ({ data }) => (answers += String(data).startsWith("3")));
        socket.on("ask me", async () => {
          socket.emit("answer", await socket.timeout(5_000).emitWithAck("question", 1));
        });
      });
    });
    const socket = lab.connect();
    socket.on("question", (number, answer) => {
      answer(number, { two: "2" });
      answer("a second answer goes nowhere");
    });
    socket.on("question", (number, answer) => lab.note(number, typeof answer));
    socket.emit("echo", "before connect", (...args) => lab.note("buffered", ...args));
    await next(socket, "connect");
    socket.emit("echo", 1, "2", { 3: [true, null] }, (...args) => lab.note("callback", ...args));
    socket.emit("echo", (...args) => lab.note("nothing", ...args));
    lab.note(await socket.emitWithAck("echo", "promise", "second value is dropped"));
    lab.note(await socket.timeout(5_000).emitWithAck("echo", "in time"));
    socket.timeout(5_000).emit("echo", "in time", (...args) => lab.note("timed", ...args));
    await settled(socket);
    socket.emit("ask me");
    lab.note(await next(socket, "answer"));
    await settled(socket);
    lab.note(answers);
  },

  "acks that do not come": async (lab) => {
    const received = [];
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => socket.onAny((...event) => received.push(event)));
    });
    const socket = lab.connect("", { ackTimeout: 15 });
    await next(socket, "connect");
    await new Promise((resolve) => {
      socket.timeout(5).emit("nobody listens", (...args) => resolve(lab.note(...args)));
    });
    await new Promise((resolve) => {
      socket.emit("nobody listens", (...args) => resolve(lab.note("by option", ...args)));
    });
    await socket.timeout(5).emitWithAck("nobody listens").catch((error) => lab.note(error));
    socket.disconnect();
    await socket.timeout(5).emitWithAck("echo", "while away").catch((error) => lab.note(error));
    socket.connect();
    await next(socket, "connect");
    lab.note(await socket.timeout(5_000).emitWithAck("echo", "back again"));
    lab.note(received); // not what timed out before it was sent
  },

  "acks pending when the connection ends": async (lab) => {
    await lab.serve((server) => {
      server.on("connection", (socket) => socket.on("leave me", () => socket.disconnect()));
    });
    const socket = lab.watch(lab.connect(), "socket", "disconnect");
    await next(socket, "connect");
    socket.emit("nobody listens", () => lab.note("never"));
    socket.timeout(60_000).emit("nobody listens", (error) => lab.note("timed", error));
    const promise = socket.emitWithAck("leave me").catch((error) => lab.note("promise", error));
    await promise;
  },

  "binary in both directions": async (lab) => {
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => {
        socket.on("ask me", async () => {
          const answer = await socket.timeout(5_000).emitWithAck("question", Buffer.from([9]));
          socket.emit("answer", answer);
        });
      });
    });
    const socket = lab.watch(lab.connect(), "socket", "returned");
    await next(socket, "connect");
    const bytes = Uint8Array.from([1, 2, 3, 4]);
    socket.emit("return", bytes);
    socket.emit("return", bytes.buffer, "between", new DataView(bytes.buffer, 1, 2));
    socket.emit("return", { deep: [{ bytes }, { bytes, text: "é" }], none: null }, new ArrayBuffer(0));
    socket.emit("return", Buffer.from([255]), new Uint16Array([513]), "last");
    lab.note(await socket.emitWithAck("echo", { bytes: bytes.subarray(1, 3) }));
    socket.on("question", (value, answer) => answer([value, bytes]));
    socket.emit("ask me");
    lab.note(await next(socket, "answer"));
  },

  "what JSON makes of values": async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect(), "socket", "returned");
    await next(socket, "connect");
    socket.emit("return", undefined, null, NaN, -0, new Date(0), { gone: undefined, toJSON: undefined });
    socket.emit("return", "\u0000\u2028\ud83d\ude00\ud83d \"quoted\"\n", { toJSON: () => "mine" });
    socket.emit("return", { _placeholder: true, num: 0 });
    socket.emit("return", ",/{}[]1-2", { "/": "," });
    await settled(socket);
  },

  "events emitted while not connected": async (lab) => {
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => {
        socket.onAny((event, ...args) => socket.emit("seen", event, ...args));
      });
    });
    const socket = lab.watch(lab.connect("", { autoConnect: false }), "socket", "connect", "seen");
    lab.note(socket.active);
    socket.volatile.emit("lost", 0);
    socket.emit("first", 1);
    socket.send("second");
    socket.volatile.emit("lost", 3);
    socket.on("connect", () => socket.emit("third"));
    socket.open();
    await next(socket, "connect");
    await settled(socket);
  },

  "the server disconnects a namespace": async (lab) => {
    await lab.serve((server) => {
      echo(server);
      server.on("connection", (socket) => socket.on("leave me", () => socket.disconnect()));
    });
    const socket = lab.watch(lab.connect(), "socket", "connect", "disconnect");
    lab.watch(socket.io, "manager", "reconnect_attempt");
    await next(socket, "connect");
    const { id } = socket;
    socket.emit("leave me");
    await next(socket, "disconnect");
    lab.note(socket.connected, socket.active, socket.id);
    socket.connect();
    await next(socket, "connect");
    lab.note(id !== socket.id);
  },

  "the server disconnects all namespaces": async (lab) => {
    await lab.serve((server) => {
      echo(server, "/other");
      server.on("connection", (socket) => socket.on("leave me", () => socket.disconnect(true)));
    });
    const main = lab.watch(lab.connect(), "main", "disconnect");
    const other = lab.watch(lab.connect("/other"), "other", "disconnect");
    await Promise.all([next(main, "connect"), next(other, "connect")]);
    main.emit("leave me");
    await Promise.all([next(main, "disconnect"), next(other, "disconnect")]);
    lab.note(main.active, other.active);
  },

  "the client disconnects": async (lab) => {
    let gone;
    await lab.serve((server) => {
      echo(server);
      gone = new Promise((resolve) => {
        server.on("connection", (socket) => socket.on("disconnect", resolve));
      });
    });
    const socket = lab.watch(lab.connect(), "socket", "connect", "disconnect");
    await next(socket, "connect");
    socket.close();
    lab.note(socket.connected, socket.active, await gone);
    socket.disconnect();
    socket.connect();
    await next(socket, "connect");
  },

  "reconnection after a restart of the server": async (lab) => {
    await lab.serve(echo);
    // Late enough for the first attempt to find the server back.
    const delay = { reconnectionDelay: 6_000, reconnectionDelayMax: 6_000, randomizationFactor: 0 };
    const socket = lab.connect("", delay);
    lab.watch(socket, "socket", "connect", "connect_error", "disconnect");
    lab.watch(socket.io, "manager", "reconnect_attempt", "reconnect", "reconnect_failed", "error");
    await next(socket, "connect");
    const { id } = socket;
    const lost = next(socket, "disconnect");
    await lab.stop();
    await lost;
    lab.note(socket.connected, socket.active, Boolean(socket.recovered));
    socket.emit("echo", "meanwhile", (answer) => lab.note(answer));
    await lab.restart();
    await next(socket, "connect");
    await settled(socket);
    lab.note(id !== socket.id);
  },

  "reconnection gives up": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect("", { reconnectionAttempts: 3 });
    lab.watch(socket, "socket", "connect_error", "disconnect");
    lab.watch(socket.io, "manager", "reconnect_attempt", "reconnect", "reconnect_failed", "error");
    await next(socket, "connect");
    await lab.stop();
    await next(socket.io, "reconnect_failed");
    lab.note(socket.active);
    await lab.restart();
    socket.connect();
    await next(socket, "connect");
  },

  "no reconnection when it is turned off": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect("", { reconnection: false });
    lab.watch(socket, "socket", "connect", "connect_error", "disconnect");
    lab.watch(socket.io, "manager", "reconnect_attempt", "error");
    await next(socket, "connect");
    const lost = next(socket, "disconnect");
    await lab.stop();
    await lost;
    lab.note(socket.active);
    socket.connect();
    await next(socket, "connect_error");
    await lab.restart();
    socket.connect();
    await next(socket, "connect");
  },

  "disconnect while reconnecting": async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect(), "socket", "connect", "disconnect");
    await next(socket, "connect");
    await lab.stop();
    await next(socket.io, "reconnect_attempt");
    socket.disconnect();
    lab.note(socket.active);
    await lab.restart();
    socket.connect();
    await next(socket, "connect");
  },

  "disconnect at the moment of reconnecting": async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect(), "socket", "connect", "disconnect");
    await next(socket, "connect");
    socket.io.on("reconnect_attempt", () => socket.disconnect());
    const attempt = next(socket.io, "reconnect_attempt");
    await lab.stop();
    await lab.restart();
    await attempt;
    const other = lab.connect("", { forceNew: true });
    await next(other, "connect");
    lab.note(socket.active, lab.server.engine.clientsCount);
  },

  "a server that refuses": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect("", { path: "/elsewhere", reconnection: false });
    lab.watch(socket, "socket", "connect_error");
    lab.watch(socket.io, "manager", "error");
    await next(socket, "connect_error");
    lab.note(socket.active);
  },

  "a server that does not answer": async (lab) => {
    const silent = createTcpServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    lab.port = silent.address().port;
    const socket = lab.connect("", { timeout: 20, reconnection: false });
    lab.watch(socket, "socket", "connect_error");
    await next(socket, "connect_error");
    socket.disconnect();
    silent.close();
  },

  "a server that falls silent": async (lab) => {
    // Not the official one, whose own timeout could close the connection first.
    const silent = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(silent, "listening");
    lab.port = silent.address().port;
    silent.on("connection", (peer) => {
      peer.send('0{"sid":"e","upgrades":[],"pingInterval":2000,"pingTimeout":1000,"maxPayload":1000}');
      peer.on("message", (data) => {
        if (!String(data).includes("ignore")) peer.send('40{"sid":"s"}');
      });
    });
    for (const auth of [{}, { ignore: true }]) {
      const socket = lab.connect("", { reconnection: false, auth });
      lab.watch(socket, "socket", "connect", "disconnect");
      await next(socket, "disconnect");
      lab.note(socket.active);
    }
    silent.close();
  },

  "a server that pings": async (lab) => {
    await lab.serve(echo, { pingInterval: 10, pingTimeout: 5_000 });
    const socket = lab.watch(lab.connect(), "socket", "disconnect");
    for (let pings = 0; pings < 3; pings++) await next(socket.io, "ping");
    lab.note(await socket.emitWithAck("echo", "alive"));
  },

  "packets that cannot be read": async (lab) => {
    const bad = [
      '2["half', "2{}", '2["connect"]', '9["type"]', '51-["bin",{"_placeholder":true,"num":1}]',
      Buffer.from([1]),
    ];
    await lab.serve((server) => {
      server.on("connection", (socket) => {
        socket.on("break", (index) => {
          socket.conn.write(bad[index]);
          if (String(bad[index]).startsWith("51-")) socket.conn.write(Buffer.from([1]));
        });
      });
    });
    const socket = lab.connect();
    lab.watch(socket, "socket", "connect", "disconnect");
    for (const index of bad.keys()) {
      await next(socket, "connect");
      socket.emit("break", index);
      await next(socket, "disconnect");
    }
  },

  "once, off, onAny and offAny": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect();
    const gone = () => lab.note("removed");
    const any = (...args) => lab.note("any", ...args);
    socket.on("returned", gone);
    socket.once("returned", gone);
    socket.off("returned", gone);
    socket.off("returned", gone);
    socket.once("returned", (...args) => lab.note("once", ...args));
    socket.on("returned", (...args) => lab.note("on", ...args));
    socket.onAny(any);
    socket.onAny(() => lab.note("any 2"));
    await next(socket, "connect");
    socket.emit("return", 1);
    socket.emit("return", 2);
    await settled(socket);
    socket.offAny(any);
    socket.emit("return", 3);
    await settled(socket);
    socket.offAny();
    socket.off("returned");
    socket.emit("return", 4);
    await settled(socket);
    socket.on("returned", gone);
    socket.off();
    socket.emit("return", 5);
    await settled(socket);
  },

  "reserved names cannot be emitted": async (lab) => {
    await lab.serve(echo);
    const socket = lab.connect("", { autoConnect: false });
    for (const name of [
      "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]) {
      assert.throws(() => socket.emit(name), (error) => lab.note(error) ?? true);
    }
  },

  "recovery of a session": async (lab) => {
    await lab.serve(
      (server) => {
        server.on("connection", (socket) => {
          socket.emit("hello", socket.recovered);
          socket.on("cut me", () => {
            socket.conn.close();
            server.emit("missed", 1);
            server.emit("missed", 2);
          });
        });
      },
      { connectionStateRecovery: {} },
    );
    const socket = lab.connect();
    // Not the offset, which comes last and differs between runs.
    for (const event of ["hello", "missed"]) socket.on(event, (value) => lab.note(event, value));
    lab.watch(socket, "socket", "connect", "disconnect");
    await next(socket, "hello");
    const { id } = socket;
    lab.note(Boolean(socket.recovered));
    socket.emit("cut me");
    await next(socket, "disconnect");
    await next(socket, "hello");
    lab.note(Boolean(socket.recovered), socket.id === id);
  },
};

async function observe(io, scenario) {
  const lab = new Lab(io);
  try {
    await scenario(lab);
  } finally {
    await lab.close();
  }
  return lab.log;
}

test("a volatile event is dropped while the connection is lost", async () => {
  // The original keeps it when its transport broke while it was writable.
  const log = await observe(ours, async (lab) => {
    await lab.serve(echo);
    const socket = lab.watch(lab.connect(), "socket", "returned");
    await next(socket, "connect");
    const lost = next(socket, "disconnect");
    await lab.stop();
    await lost;
    socket.volatile.emit("return", "dropped");
    socket.emit("return", "kept");
    await lab.restart();
    await next(socket, "connect");
    await settled(socket);
  });
  assert.deepEqual(log, [["socket", "returned", "kept"]]);
});

test("connecting twice asks the server once", async () => {
  // The original asks twice, and the server closes the connection for it.
  const log = await observe(ours, async (lab) => {
    await lab.serve((server) => ["/a", "/b"].forEach((nsp) => echo(server, nsp)));
    const a = lab.watch(lab.connect("/a"), "a", "disconnect");
    await next(a, "connect");
    const b = lab.watch(lab.connect("/b"), "b", "connect");
    b.connect();
    await next(b, "connect");
    lab.note(await b.emitWithAck("echo", "one"), a.connected);
  });
  assert.deepEqual(log.slice(0, 2), [["b", "connect"], ["one", true]]);
});

test("an ack that comes after its namespace was left ends no other", async () => {
  // The original sends it, and the server closes the connection for it.
  const log = await observe(ours, async (lab) => {
    await lab.serve((server) => {
      ["/a", "/b"].forEach((nsp) => echo(server, nsp));
      server.of("/a").on("connection", (socket) => socket.emit("question", () => {}));
    });
    const b = lab.watch(lab.connect("/b"), "b", "disconnect");
    await next(b, "connect");
    const a = lab.connect("/a");
    const [answer] = await next(a, "question");
    a.disconnect();
    await settled(b);
    answer("too late");
    lab.note(await b.emitWithAck("echo", "one"));
    a.connect();
    const [again] = await next(a, "question");
    again("in time");
    lab.note(await a.emitWithAck("echo", "two"));
  });
  assert.deepEqual(log.slice(0, 2), [["one"], ["two"]]);
});

for (const [name, scenario] of Object.entries(scenarios)) {
  test(`as socket.io-client: ${name}`, async () => {
    const expected = await observe(original, scenario);
    assert.notEqual(expected.length, 0);
    assert.deepEqual(await observe(ours, scenario), expected);
  });
}
