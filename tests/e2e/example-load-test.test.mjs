// The example load-test: against its own server, the chat, a server on Node.js, and none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Server } from "socket.io";
import { runExample, startExample } from "./example.mjs";
import { freePort } from "./server.mjs";

async function load(t, ...args) {
  const program = runExample(t, "load-test", args);
  const [code] = await program.end();
  return { code, ...program };
}

const QUICK = ["--clients", "10", "--rate", "5", "--seconds", "1"];

test("without a server it has its own, which answers everything", async (t) => {
  const { code, out } = await load(t, ...QUICK);
  assert.equal(code, 0, out);
  assert.match(out, /^clients {3}10 let in, 0 not$/m);
  const [, sent, answered] = /^events {4}(\d+) sent, (\d+) answered, 0 of them refused, 0 lost$/m.exec(out);
  assert.ok(Number(sent) >= 45, out);
  assert.equal(answered, sent);
  assert.match(out, /^latency {3}p50 [\d.]+ ms p90 [\d.]+ ms p99 [\d.]+ ms max [\d.]+ ms$/m);
});

test("the chat: clients have names and hear each other, and two of one name are told", async (t) => {
  const { url } = await startExample(t, "chat");
  const say = ["--first", '["join",{"room":"tea"}]', "--emit", '["say",{"room":"tea","text":"hi"}]'];
  const good = await load(t, ...QUICK, "--url", url, "--auth", '{"nick":"load {n}"}', ...say);
  assert.equal(good.code, 0, good.out + good.err);
  assert.ok(Number(/^received {2}(\d+) /m.exec(good.out)[1]) > 100, good.out);
  const bad = await load(t, ...QUICK, "--url", url, "--auth", '{"nick":"Ann"}', ...say);
  assert.equal(bad.code, 1);
  assert.match(bad.out, /^clients {3}1 let in, 9 not$/m);
  assert.match(bad.out, /^error {5}\{"message":"nick_taken"\}$/m);
});

test("a server on Node.js: binary answers count, refusals and silence are told", async (t) => {
  const server = new Server(0);
  t.after(() => server.close());
  server.on("connection", (socket) => {
    socket.on("bytes", (answer) => answer(Buffer.from("bytes")));
    socket.on("refused", (answer) => answer({ error: { message: "no" } }));
  });
  const url = `http://127.0.0.1:${server.httpServer.address().port}`;
  const one = ["--url", url, "--clients", "2", "--rate", "2", "--seconds", "1"];
  const bytes = await load(t, ...one, "--emit", '["bytes"]');
  assert.equal(bytes.code, 0, bytes.out);
  const refused = await load(t, ...one, "--emit", '["refused"]');
  assert.equal(refused.code, 1);
  assert.match(refused.out, /(\d+) answered, \1 of them refused, 0 lost/);
  const silent = await load(t, ...one, "--emit", '["silence"]');
  assert.equal(silent.code, 1);
  assert.match(silent.out, /(\d+) sent, 0 answered, 0 of them refused, \1 lost/);
  assert.match(silent.out, /^error {5}answers did not come$/m);
});

test("no server, help, and mistakes", async (t) => {
  const none = await load(t, ...QUICK, "--url", `http://127.0.0.1:${await freePort()}`);
  assert.equal(none.code, 1);
  assert.match(none.out, /^clients {3}0 let in, 10 not$/m);
  assert.match(none.out, /^error {5}.*Connection refused/m);
  const help = await load(t, "--help");
  assert.equal(help.code, 0);
  assert.match(help.out, /--clients COUNT/);
  for (const [args, expected] of [
    [["--clients", "many"], /--clients: `many` is no such number/],
    [["--clients", "0"], /are 1 or more/],
    [["--emit", "{"], /--emit: /],
    [["--colour", "red"], /Usage: load-test/],
  ]) {
    const mistake = await load(t, ...args);
    assert.equal(mistake.code, 1);
    assert.match(mistake.err, expected);
  }
});
