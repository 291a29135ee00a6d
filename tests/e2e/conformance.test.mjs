// The cases of the official conformance suites of Socket.IO v5 and Engine.IO v4 that concern
// WebSocket, packet by packet. The suites' own intervals are shorter: a busy machine does not keep to them.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { startServer, within } from "./server.mjs";

const PING_INTERVAL = 1_000; // ms
const PING_TIMEOUT = 2_000; // ms
const CONNECT_TIMEOUT = 1_000; // ms
const NEVER = 600_000; // ms: whoever is closed by then is closed for what the test has done

/** What takes longest are heartbeats that are waited for. */
const CONCURRENCY = 4;

describe("conformance", { concurrency: CONCURRENCY }, () => {
  for (const mode of ["handoff", "body"]) {
    describe(mode, () => {
      /** The calm one gives nobody up; the two others do soon what they do with who says nothing. */
      const servers = {};
      before(async () => {
        servers.calm = await startServer({ MODE: mode, PING_INTERVAL: NEVER, CONNECT_TIMEOUT: NEVER });
        servers.pinging = await startServer({ MODE: mode, PING_INTERVAL, PING_TIMEOUT });
        servers.hasty = await startServer({ MODE: mode, PING_INTERVAL: NEVER, CONNECT_TIMEOUT });
      });
      after(() => Promise.all(Object.values(servers).map((server) => server.stop())));
      engineIo(servers);
      socketIo(servers);
    });
  }
});

/** What the server tells everyone of those that other tests have had. */
const GONE = /^42(\/custom,)?\["gone",/;

/** A connection that keeps what arrives until it is asked for. */
class Peer {
  #messages = [];
  #arrived = () => {};

  constructor(t, { port }, query = "EIO=4&transport=websocket") {
    this.ws = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?${query}`);
    this.ws.on("message", (data, isBinary) => {
      if (!isBinary && GONE.test(data)) return;
      this.#messages.push(isBinary ? data : String(data));
      this.#arrived();
    });
    this.ws.on("error", () => {}); // "close" follows
    this.closed = new Promise((resolve) => this.ws.once("close", (...args) => resolve(args)));
    t.after(() => this.ws.terminate());
  }

  /** The next message, pings included. */
  async receive() {
    while (!this.#messages.length) {
      await within(new Promise((resolve) => (this.#arrived = resolve)), "message");
    }
    return this.#messages.shift();
  }

  /** The next message that is no ping; those are answered. */
  async packet() {
    for (;;) {
      const message = await this.receive();
      if (message !== "2") return message;
      this.send("3");
    }
  }

  send(...messages) {
    for (const message of messages) this.ws.send(message);
  }

  isClosed() {
    return within(this.closed, "end of the connection");
  }
}

/** A connection whose session is open. */
async function open(t, server) {
  const peer = new Peer(t, server);
  peer.handshake = JSON.parse((await peer.receive()).slice(1));
  return peer;
}

/** A connection that has joined the main namespace. */
async function connect(t, server) {
  const peer = await open(t, server);
  peer.send("40");
  assert.match(await peer.packet(), /^40\{"sid":"[\w-]{20}"\}$/);
  assert.equal(await peer.packet(), '42["auth",{}]');
  return peer;
}

function engineIo(servers) {
  const http = (query, method = "GET") =>
    fetch(`http://127.0.0.1:${servers.calm.port}/socket.io/${query}`, { method, headers: { connection: "close" } });

  test("handshake: the open packet", async (t) => {
    const { handshake } = await open(t, servers.pinging);
    assert.deepEqual(Object.keys(handshake), ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]);
    assert.match(handshake.sid, /^[\w-]{20}$/);
    assert.deepEqual({ ...handshake, sid: "" }, {
      sid: "",
      upgrades: [],
      pingInterval: PING_INTERVAL,
      pingTimeout: PING_TIMEOUT,
      maxPayload: 1_000_000,
    });
  });

  for (const [query, message] of Object.entries({
    "transport=websocket": "Unsupported protocol version",
    "EIO=abc&transport=websocket": "Unsupported protocol version",
    "EIO=3&transport=websocket": "Unsupported protocol version",
    "EIO=4": "Transport unknown",
    "EIO=4&transport=abc": "Transport unknown",
    "EIO=4&transport=websocket&sid=unknown": "Session ID unknown",
  })) {
    test(`handshake: refuses ?${query}`, async (t) => {
      const peer = new Peer(t, servers.calm, query);
      const [request, response] = await within(once(peer.ws, "unexpected-response"), "refusal");
      assert.equal(response.statusCode, 400);
      assert.equal(String(Buffer.concat(await response.toArray())), message);
      request.destroy();
    });
  }

  for (const [query, method, code, message] of [
    ["?EIO=4", "GET", 0, "Transport unknown"],
    ["?EIO=4&transport=abc", "GET", 0, "Transport unknown"],
    ["?EIO=4&transport=websocket&sid=unknown", "GET", 1, "Session ID unknown"],
    ["?EIO=4&transport=websocket", "POST", 2, "Bad handshake method"],
    ["?EIO=4&transport=websocket", "PUT", 2, "Bad handshake method"],
    ["?EIO=4&transport=websocket", "GET", 3, "Bad request"],
  ]) {
    test(`handshake: answers ${method} ${query} with code ${code}`, async () => {
      const response = await http(query, method);
      assert.equal(response.status, 400);
      assert.equal(await response.text(), JSON.stringify({ code, message }));
    });
  }

  test("heartbeat: three rounds, then silence ends the session", async (t) => {
    const peer = await connect(t, servers.pinging);
    for (let round = 0; round < 3; round++) {
      assert.equal(await peer.receive(), "2");
      peer.send("3");
    }
    await peer.isClosed();
  });

  test("heartbeat: the first ping comes after the interval, and so does the end", async (t) => {
    const started = performance.now();
    const peer = await connect(t, servers.pinging);
    assert.equal(await peer.receive(), "2");
    const pinged = performance.now() - started;
    await peer.isClosed();
    const ended = performance.now() - started;
    // Never early; how late depends on the machine.
    assert.ok(pinged >= PING_INTERVAL - 5, `${pinged} ms`);
    assert.ok(ended >= PING_INTERVAL + PING_TIMEOUT - 5, `${ended} ms`);
  });

  test("an invalid packet ends the session, without a code", async (t) => {
    for (const packet of ["abc", "", "7"]) {
      const peer = await connect(t, servers.calm);
      peer.send(packet);
      assert.equal((await peer.isClosed())[0], 1005, packet);
    }
  });

  test("a close packet ends the session", async (t) => {
    const peer = await open(t, servers.calm);
    peer.send("1");
    await peer.isClosed();
  });

  test("the client's closing handshake is answered", async (t) => {
    const peer = await connect(t, servers.calm);
    peer.ws.close(1000);
    assert.equal((await peer.isClosed())[0], 1000);
  });
}

function socketIo(servers) {
  test("connect: with and without auth, with and without a namespace", async (t) => {
    for (const [packet, nsp, auth] of [
      ["40", "", "{}"],
      ['40{"token":"123"}', "", '{"token":"123"}'],
      ["40/custom", "/custom,", "{}"],
      ["40/custom,", "/custom,", "{}"],
      ['40/custom,{"token":"abc"}', "/custom,", '{"token":"abc"}'],
    ]) {
      const peer = await open(t, servers.calm);
      peer.send(packet);
      const reply = await peer.receive();
      assert.ok(reply.startsWith(`40${nsp}{`), reply);
      const { sid, ...rest } = JSON.parse(reply.slice(2 + nsp.length));
      assert.match(sid, /^[\w-]{20}$/);
      assert.notEqual(sid, peer.handshake.sid);
      assert.deepEqual(rest, {});
      assert.equal(await peer.receive(), `42${nsp}["auth",${auth}]`);
    }
  });

  test("connect: an unknown namespace", async (t) => {
    const peer = await open(t, servers.calm);
    peer.send("40/random");
    assert.equal(await peer.receive(), '44/random,{"message":"Invalid namespace"}');
  });

  test("connect: an invalid packet closes, before and after", async (t) => {
    const early = await open(t, servers.calm);
    early.send("4abc");
    await early.isClosed();
    const late = await connect(t, servers.calm);
    late.send("4abc");
    await late.isClosed();
  });

  test("connect: whoever joins no namespace in time is closed", async (t) => {
    const peer = await open(t, servers.hasty);
    await within(peer.closed, "end, long before the 45 s of the default", 20_000);
  });

  test("connect: twice to one namespace closes", async (t) => {
    const peer = await connect(t, servers.calm);
    peer.send("40");
    await peer.isClosed();
  });

  test("disconnect: the connection stays", async (t) => {
    const peer = await connect(t, servers.calm);
    peer.send("41", "40/custom");
    assert.match(await peer.receive(), /^40\/custom,\{/);
  });

  test("disconnect: other namespaces stay", async (t) => {
    const peer = await connect(t, servers.calm);
    peer.send("40/custom");
    assert.match(await peer.receive(), /^40\/custom,\{/);
    assert.equal(await peer.receive(), '42/custom,["auth",{}]');
    peer.send("41/custom", '42["message","main namespace"]');
    assert.equal(await peer.receive(), '42["message-back","main namespace"]');
  });

  test("events: text", async (t) => {
    const peer = await connect(t, servers.calm);
    peer.send('42["message",1,"2",{"3":[true]}]');
    assert.equal(await peer.receive(), '42["message-back",1,"2",{"3":[true]}]');
  });

  test("events: binary", async (t) => {
    const peer = await connect(t, servers.calm);
    const packet = (name) =>
      `452-["${name}",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`;
    const attachments = [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])];
    peer.send(packet("message"), ...attachments);
    assert.equal(await peer.receive(), packet("message-back"));
    assert.deepEqual([await peer.receive(), await peer.receive()], attachments);
  });

  test("acks: text", async (t) => {
    const peer = await connect(t, servers.calm);
    peer.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.equal(await peer.receive(), '43456[1,"2",{"3":[false]}]');
  });

  test("acks: binary", async (t) => {
    const peer = await connect(t, servers.calm);
    const placeholders = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    const attachments = [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])];
    peer.send(`452-789["message-with-ack",${placeholders}]`, ...attachments);
    assert.equal(await peer.receive(), `462-789[${placeholders}]`);
    assert.deepEqual([await peer.receive(), await peer.receive()], attachments);
  });

  for (const [what, ...packets] of [
    ["a payload that is no list", "42{}"],
    ["an ack id that is no number", '42abc["message-with-ack",1,"2",{"3":[false]}]'],
    ["a reserved name", '42["disconnect"]'],
    ["too many attachments", `4511-["message",${Array(11).fill('{"_placeholder":true,"num":0}')}]`],
    ["text among attachments", '451-["message",{"_placeholder":true,"num":0}]', '42["message"]'],
    ["binary that nobody announced", Buffer.from([1])],
    ["a placeholder without attachment", '451-["message",{"_placeholder":true,"num":1}]', Buffer.from([1])],
    ["an event to a namespace that was not joined", '42/custom,["message"]'],
  ]) {
    test(`invalid packets: ${what} closes`, async (t) => {
      const peer = await connect(t, servers.calm);
      peer.send(...packets);
      await peer.isClosed();
    });
  }
}
