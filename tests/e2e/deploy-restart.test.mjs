// The nodes of examples/deploy with the option that its files give them, restarted one after the other while their clients talk
// without pause; and how they say that a drain was not clean. GUIDE_BIN names the folder of the nodes' program.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { io } from "socket.io-client";
import { GUIDE_BIN, NODES, World, figures, startRedis } from "./deploy/harness.mjs";
import { Process, until } from "./deploy/process.mjs";
import { next, within } from "./server.mjs";

const PROXIES = ["nginx/cookie.conf", "haproxy/cookie.cfg"];
const CLIENTS = 12;
const SENDERS = 3;
const PAUSE = 100; // ms between two events of a sender: the nodes take 20 in a second
const SOME = 5; // events, to see that they come

/** They only poll, only use WebSocket, or change to it. */
const TRANSPORTS = [["polling"], ["websocket"], ["polling", "websocket"]];

/** A client that sends again what was not answered, and whether it was recovered whenever it came back. */
async function enter(t, world, number) {
  const client = await world.enter(t, number, {
    ackTimeout: 10_000,
    retries: 20,
    transports: TRANSPORTS[number % TRANSPORTS.length],
  });
  client.said = [];
  client.returns = [];
  client.socket.on("connect", () => client.returns.push(client.socket.recovered));
  return client;
}

/** It says one thing after the other, until it is told to stop. */
async function talk({ nick, socket, said }, signal) {
  while (!signal.aborted) {
    said.push(`${nick}: ${said.length + 1}`);
    const answer = await socket.emitWithAck("say", said.at(-1));
    assert.equal(answer?.error, undefined);
    await pause(PAUSE);
  }
}

/** The node ends, is started again, and gets new sessions before this returns; its exit code. */
async function restart(world, name) {
  const code = await world.endNode(name);
  await world.startNode(name);
  await until(`the proxy leads to ${name} again`, async () => {
    const answer = await fetch(world.url, { headers: { cookie: `node=${name}` } });
    return answer.ok && answer.headers.getSetCookie().length === 0;
  });
  return code;
}

for (const file of PROXIES) {
  test(`${file}: nothing is lost when the nodes of examples/deploy are restarted one after the other`, async (t) => {
    const world = await World.start(t, file, "--recovery");
    const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => enter(t, world, index + 1)));
    assert.deepEqual([...new Set(clients.map(({ node }) => node))].sort(), NODES);
    const senders = clients.slice(0, SENDERS);
    const stop = new AbortController();
    const talking = Promise.all(senders.map((sender) => talk(sender, stop.signal)));
    const goOn = () => {
      const wanted = senders.map(({ said }) => said.length + SOME);
      return until("all senders go on", () => senders.every(({ said }, index) => said.length >= wanted[index]));
    };

    await goOn();
    for (const name of NODES) {
      assert.equal(await restart(world, name), 0, `exit code of ${name}`);
      await goOn();
    }
    stop.abort();
    await talking;

    const all = senders.flatMap(({ said }) => said).length;
    // Should one come twice and another one not at all, the next says so.
    await until("the last has arrived", () => clients.every(({ heard }) => heard.length >= all)).catch(() => {});
    const isBack = ({ socket, lost, returns }) => socket.connected && returns.length === lost;
    await until("everyone is back", () => clients.every(isBack)).catch(() => {});
    for (const { nick, socket, heard, lost, errors, returns } of clients) {
      for (const { nick: sender, said } of senders) {
        const theirs = heard.filter((text) => text.startsWith(`${sender}: `));
        assert.deepEqual(theirs, said, `what ${nick} has heard of ${sender}`);
      }
      assert.ok(lost > 0, `the node of ${nick} was restarted`);
      // In Node.js each session begins without a cookie. For those nginx leaves a node out for ten seconds, and the nodes go faster
      // than that here: they may find none, and try again.
      if (!file.startsWith("nginx")) assert.deepEqual(errors, []);
      assert.deepEqual(returns, Array.from({ length: lost }, () => true), "each time it was recovered");
      assert.ok(socket.connected);
    }
    // Who sends may be at any node by now.
    const told = (await Promise.all(NODES.map((name) => figures(world.operationsUrl(name))))).join("\n");
    for (const latency of ["cluster_publish", "cluster_delivery", "handler"]) {
      assert.match(told, new RegExp(`^roomcast_${latency}_duration_seconds_bucket\\{.*\\} [1-9]`, "m"));
    }
    t.diagnostic(`${all} events to ${CLIENTS} clients, which had to go ${clients.reduce((sum, { lost }) => sum + lost, 0)} times`);
  });
}

/** One of the examples that drain, with the addresses that it has printed. */
async function start(t, name, ...options) {
  const node = new Process(path.join(GUIDE_BIN, name), "--port", "0", "--operations", "0", ...options);
  t.after(() => node.stop("SIGKILL"));
  await node.prints(/operations on/);
  const url = (what) => new RegExp(`${what} on (\\S+)`).exec(node.output)[1];
  const ready = async () => (await fetch(`${url("operations")}/ready`)).status;
  await until(`${name} is ready`, async () => (await ready()) === 200);
  return { node, url, ready };
}

for (const name of ["chat", "cluster"]) {
  test(`${name} exits with 1 if its drain was not clean, and otherwise with 0`, async (t) => {
    const options = name === "cluster" ? ["--redis", await startRedis(t)] : [];
    for (const clean of [true, false]) {
      const { node, url, ready } = await start(t, name, ...options);
      const socket = io(url("listening"), {
        auth: { nick: "Ada" },
        forceNew: true,
        reconnection: false,
        transports: ["websocket"],
      });
      t.after(() => socket.disconnect());
      await next(socket, "connect");
      if (!clean) {
        // An event whose attachment is missing: it is waited for.
        const begun = `51-["say",{"_placeholder":true,"num":0},"${"x".repeat(10_000)}"]`;
        socket.io.engine.write(begun);
        await until("the node has read it", async () => {
          const [, bytes] = /^roomcast_received_bytes_total (\d+)$/m.exec(await figures(url("operations")));
          return Number(bytes) > begun.length;
        });
      }
      node.child.kill("SIGTERM");
      if (!clean) {
        await until("it drains", async () => (await ready()) === 503);
        node.child.kill("SIGTERM"); // at once
      }
      const [code] = await within(node.exited, `end of ${name}`);
      assert.equal(code, clean ? 0 : 1, node.output);
    }
  });
}
