// The example whiteboard: what is drawn reaches everybody as binary, now and later.

import assert from "node:assert/strict";
import { test } from "node:test";
import { client, connected, startExample, useBrowser } from "./example.mjs";
import { next } from "./server.mjs";

const open = useBrowser();

const stroke = (...points) => Buffer.from([200, 40, 60, 4, ...points.flatMap(([x, y]) => [x >> 8, x & 255, y >> 8, y & 255])]);

async function enter(t, server) {
  const socket = client(t, server);
  socket.board = await next(socket, "board");
  return socket;
}

test("a stroke reaches others as it is, and whoever comes later", async (t) => {
  const server = await startExample(t, "whiteboard");
  const [ann, ben] = [await enter(t, server), await enter(t, server)];
  assert.deepEqual(ann.board, [0, Buffer.alloc(0)]);
  const line = stroke([0, 0], [65_535, 300]);
  const drawn = next(ben, "drawn");
  assert.equal(await ann.emitWithAck("draw", line), 1);
  assert.deepEqual(await drawn, [1, ann.id, line]);
  const dot = stroke([7, 9]);
  assert.equal(await ben.emitWithAck("draw", dot), 2);

  const length = (bytes) => Buffer.from([0, 0, 0, bytes.length]);
  const carl = await enter(t, server);
  assert.deepEqual(carl.board, [2, Buffer.concat([length(line), line, length(dot), dot])]);

  const wiped = next(ann, "board");
  carl.emit("clear");
  assert.deepEqual(await wiped, [2, Buffer.alloc(0)]);
});

test("a sketch and a pointer are shown to others and kept by nobody", async (t) => {
  const server = await startExample(t, "whiteboard");
  const [ann, ben] = [await enter(t, server), await enter(t, server)];
  const [sketched, pointed] = [next(ben, "sketched"), next(ben, "pointed")];
  ann.emit("sketch", stroke([1, 2]));
  ann.emit("point", 70, 65_535);
  assert.deepEqual(await sketched, [ann.id, stroke([1, 2])]);
  assert.deepEqual(await pointed, [ann.id, 70, 65_535]);
  assert.deepEqual((await enter(t, server)).board, [0, Buffer.alloc(0)]);
  const gone = next(ben, "gone");
  const { id } = ann;
  ann.disconnect();
  assert.deepEqual(await gone, [id]);
});

test("a sketch and a pointer are for those who can take them at that moment", async (t) => {
  const server = await startExample(t, "whiteboard");
  const ann = await enter(t, server);
  const url = `${server.url}/socket.io/?EIO=4&transport=polling`;
  const poll = async (sid) => (await (await fetch(`${url}&sid=${sid}`)).text()).split("\x1e");
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
  const post = async (body) => assert.equal((await fetch(`${url}&sid=${sid}`, { method: "POST", body })).status, 200);
  await post("40");
  const packets = [];
  while (!packets.some((packet) => packet.includes('"board"'))) packets.push(...(await poll(sid)));
  // It does not ask for more until the stroke is finished.
  packets.length = 0;
  ann.emit("sketch", stroke([1, 2]));
  ann.emit("point", 70, 65_535);
  assert.equal(await ann.emitWithAck("draw", stroke([1, 2], [3, 4])), 1);
  // Its worker, which may be another one, has seen all of that when it has read what comes behind it.
  await post('42["point",1,1]');
  while (!packets.some((packet) => packet.includes('"drawn"'))) packets.push(...(await poll(sid)));
  assert.deepEqual(packets.filter((packet) => /"(sketched|pointed)"/.test(packet)), []);
});

test("bytes that are no stroke are refused", async (t) => {
  const server = await startExample(t, "whiteboard");
  const ann = await enter(t, server);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(4), Buffer.alloc(7), Buffer.alloc(4 + 4 * 4_001), "text"]) {
    const { error } = await ann.emitWithAck("draw", bytes);
    assert.ok(error, `${bytes.length} bytes`);
  }
  assert.equal(await ann.emitWithAck("draw", Buffer.alloc(4 + 4 * 4_000)), 1);
});

test("the oldest strokes make room", async (t) => {
  const server = await startExample(t, "whiteboard");
  const ann = await enter(t, server);
  const large = Buffer.alloc(4 + 4 * 4_000);
  // More than the 512 KiB of a board.
  for (let n = 1; n <= 36; n++) assert.equal(await ann.emitWithAck("draw", large), n);
  const [seq, board] = (await enter(t, server)).board;
  assert.equal(seq, 36);
  assert.equal(board.length, Math.floor((512 * 1024) / large.length) * (4 + large.length));
});

test("in the browser: a line that one draws is seen by the other, also after a reload", async (t) => {
  const server = await startExample(t, "whiteboard");
  const [ann, ben] = [await open(t, server.url), await open(t, server.url)];
  await connected(ann);
  await connected(ben);
  /** The colour of the middle of a canvas; transparent where nothing is drawn. */
  const middle = (page, id) =>
    page.waitForFunction((id) => {
      const canvas = document.getElementById(id);
      const [, , blue, alpha] = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
      return alpha > 0 && blue;
    }, id);

  const box = await ann.locator("#live").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await ann.mouse.move(x - 80, y - 40);
  await ann.mouse.down();
  await ann.mouse.move(x + 80, y + 40, { steps: 8 });
  await middle(ben, "live"); // while it is drawn
  await ann.mouse.up();
  assert.equal(await (await middle(ben, "ink")).jsonValue(), 220);
  await ben.reload();
  await middle(ben, "ink");

  await ben.getByRole("button", { name: "Clear the board" }).click();
  await ann.waitForFunction(() => {
    const canvas = document.getElementById("ink");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.every((byte) => byte === 0);
  });
});
