// Broadcasts: who gets them, and that what they carry arrives as it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, next } from "../harness.mjs";

const DATE = new Date(1_700_000_000_123);

/** What is sent, and what a client gets, where JSON makes it something else. */
const PAYLOADS = {
  "no arguments": [[]],
  "several arguments": [[1, "two", { three: [null, true, 1.5] }]],
  "numbers at the ends of their ranges": [
    [[0, -1, 127, 128, -128, -129, 255, 256, 65_535, 65_536, -32_769, 2 ** 31, -(2 ** 31) - 1, 2 ** 32]],
  ],
  // What is beyond 64 bits and has no fraction gets lost between Node's own servers.
  "integers beyond 32 bits": [[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, 2 ** 63]],
  fractions: [[0.1, -2.5e-7, 5e-324, 123_456_789.125]],
  "text of every width": [["", "été", "日本", "🚀", "\u2028\u2029", "e\u0301", "\u0000\u001f\u007f"]],
  "text full of escapes": [['"\\/\b\f\n\r\t"'.repeat(500), { '"\\"': '{"_placeholder":true,"num":0}' }]],
  "names of every width": [[{ "": 1, "été": { "日本🚀": [] }, "{": "}" }]],
  "dates": [[DATE, { at: [DATE] }], [DATE.toISOString(), { at: [DATE.toISOString()] }]],
  "binary": [[Buffer.from([1, 2, 3]), { a: [Buffer.alloc(0)], b: Buffer.from([0xff]) }]],
  "binary beside everything else": [
    [{ n: 2 ** 40, t: '🚀"', f: 0.5, b: Buffer.from("{}"), d: DATE, u: null }],
    [{ n: 2 ** 40, t: '🚀"', f: 0.5, b: Buffer.from("{}"), d: DATE.toISOString(), u: null }],
  ],
  "deep nesting": [[Array.from({ length: 60 }).reduce((inner) => [{ inner }], "bottom")]],
  "200 KB of text": [["日本".repeat(33_000)]],
  "200 KB of binary": [[Buffer.alloc(200_000, 7)]],
};

export function broadcasts(lab) {
  test("what is sent arrives unchanged, once, on both nodes", async (t) => {
    const { cluster, from, to } = lab;
    const sockets = [await cluster.connect(t, from), await cluster.connect(t, to)];
    const seen = sockets.map((socket) => collect(socket, "news"));
    for (const [name, [sent, expected = sent]] of Object.entries(PAYLOADS)) {
      await from.emit("news", sent);
      await cluster.delivered(from, sockets, () => seen.every((list) => list.length > 0));
      for (const [index, list] of seen.entries()) {
        assert.deepEqual(list.splice(0).map(lab.plain(sockets[index])), [expected], name);
      }
    }
  });

  test("rooms, unions and exceptions reach each socket once", async (t) => {
    const { cluster, from, to } = lab;
    const near = await cluster.connect(t, from);
    const [ada, ben, eve] = [await cluster.connect(t, to), await cluster.connect(t, to), await cluster.connect(t, to)];
    const all = [near, ada, ben, eve];
    const [a, b, c] = [cluster.newRoom(), cluster.newRoom(), cluster.newRoom()];
    await cluster.join(a, near, ada, ben);
    await cluster.join(b, ben, eve);
    await cluster.join(c, eve);
    const seen = all.map((socket) => collect(socket, "news"));
    const cast = async (target, expected, message) => {
      await from.emit("news", [], target);
      await cluster.delivered(from, all, () => seen.every((list, index) => list.length >= expected[index]));
      assert.deepEqual(seen.map((list) => list.splice(0).length), expected, message);
    };
    await cast({}, [1, 1, 1, 1]);
    await cast({ to: [a] }, [1, 1, 1, 0]);
    await cast({ to: [c] }, [0, 0, 0, 1], "a room that is on the other node only");
    await cast({ to: [a, b] }, [1, 1, 1, 1], "who is in both gets it once");
    await cast({ to: [a, b], except: [c] }, [1, 1, 1, 0]);
    await cast({ to: [a], except: [b] }, [1, 1, 0, 0]);
    await cast({ except: [a] }, [0, 0, 0, 1]);
    await cast({ to: [eve.id] }, [0, 0, 0, 1], "the private room");
    await cast({ to: [b, near.id], except: [eve.id] }, [1, 0, 1, 0]);
    await cast({ to: ["nobody is here"] }, [0, 0, 0, 0]);
    await cast({ local: true }, [1, 0, 0, 0]);
    await cast({ volatile: true, to: [a] }, [1, 1, 1, 0], "who can be written to gets volatile events");
    await ben.emitWithAck("leave", b);
    await cast({ to: [b] }, [0, 0, 0, 1]);
  });

  test("rooms of any name", async (t) => {
    const { cluster, from, to } = lab;
    const names = ["42", "été 🚀", "#", "a#b#", "*?[x]", "exactly 20 characters", 'quo"te\\', " "];
    const far = await cluster.connect(t, to);
    const seen = collect(far, "news");
    for (const room of names) {
      await cluster.join(room, far);
      await from.emit("news", [room], { to: [room] });
    }
    await cluster.delivered(from, [far], () => seen.length >= names.length);
    assert.deepEqual(seen.map(([room]) => room).sort(), names.sort());
  });

  test("a socket's broadcast leaves the socket out, on whichever node the others are", async (t) => {
    const { cluster, from, to } = lab;
    const sockets = [await cluster.connect(t, from), await cluster.connect(t, from), await cluster.connect(t, to)];
    const room = cluster.newRoom();
    await cluster.join(room, ...sockets);
    const seen = sockets.map((socket) => collect(socket, "news"));
    sockets[0].emit("cast", room, "news", [1]);
    await Promise.all(sockets.slice(1).map((socket) => next(socket, "news")));
    await cluster.delivered(from, sockets);
    assert.deepEqual(seen.map((list) => list.length), [0, 1, 1]);
  });

  test("namespaces are apart", async (t) => {
    const { cluster, from, to } = lab;
    const names = ["/", "/chat", "/deep/down"];
    const sockets = [];
    for (const nsp of names) sockets.push(await cluster.connect(t, to, { nsp }));
    const room = "the same name in each";
    for (const socket of sockets) await cluster.join(room, socket);
    const seen = sockets.map((socket) => collect(socket, "news"));
    for (const nsp of names) {
      await from.emit("news", [nsp], { nsp });
      await from.emit("news", [nsp, room], { nsp, to: [room] });
    }
    for (const socket of sockets) await cluster.delivered(from, [socket], () => seen.every((list) => list.length >= 2));
    for (const [index, nsp] of names.entries()) {
      assert.deepEqual(seen[index].map((args) => args[0]), [nsp, nsp]);
    }
  });

  test("a thousand broadcasts keep their order", async (t) => {
    const { cluster, from, to } = lab;
    const far = await cluster.connect(t, to);
    const room = cluster.newRoom();
    await cluster.join(room, far);
    const seen = collect(far, "number");
    const numbers = [...Array(1000).keys()];
    // Those for one room and those for all take different channels in some of the modes.
    await from.ask("series", { event: "number", targets: [{ to: [room] }, {}], count: numbers.length });
    await cluster.delivered(from, [far], () => seen.length >= numbers.length);
    const arrived = seen.map(([number]) => number);
    if (cluster.ordered(from)) return assert.deepEqual(arrived, numbers);
    if (from.kind === "roomcast") {
      for (const rest of [0, 1]) {
        const ofOneTarget = (number) => number % 2 === rest;
        assert.deepEqual(arrived.filter(ofOneTarget), numbers.filter(ofOneTarget), "of one channel");
      }
    }
    assert.deepEqual(arrived.sort((a, b) => a - b), numbers);
  });

  // engine.io compresses a WebSocket's messages whatever the flag says.
  if (lab.receiver === "roomcast") {
    test("what must not be compressed is not", async (t) => {
      const { cluster, from, to } = lab;
      const far = await cluster.connect(t, to);
      const wire = async (target) => {
        const { _socket: tcp } = far.io.engine.transport.ws;
        const before = tcp.bytesRead;
        const arrived = next(far, "news");
        await from.emit("news", ["a".repeat(20_000)], target);
        await arrived;
        return tcp.bytesRead - before;
      };
      assert.ok((await wire({})) < 2_000, "compressed");
      assert.ok((await wire({ compress: false })) > 20_000, "as it is");
    });
  }
}
