// A cluster of three nodes, with Redis Streams and connection state recovery, restarted one by one behind HAProxy while its
// clients talk without pause: nothing is lost, and nothing comes twice.

import assert from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { io } from "socket.io-client";
import { NODES, World } from "./deploy/harness.mjs";
import { until } from "./deploy/process.mjs";
import { next } from "./server.mjs";

const PROXY = "haproxy/cookie.cfg";
const ROOM = "everyone";
const PAUSE = 30; // ms between two events of a sender: everybody hears all of them
const SOME = 10; // events, to see that they come

const CLIENTS = 24;
const SENDERS = 6;

/** They only poll, only use WebSocket, or change to it. */
const TRANSPORTS = [["polling"], ["websocket"], ["polling", "websocket"]];

/** A client, what befalls it, and the numbers that it has heard of each sender. */
async function enter(t, url, index) {
  const agent = new Agent(); // as in deploy/harness.mjs: no connection is used again
  const socket = io(url, {
    // What is not answered is sent again, and what comes later waits for it.
    ackTimeout: 10_000,
    agent,
    auth: { user: `user ${index}` },
    forceNew: true,
    reconnectionDelay: 100,
    reconnectionDelayMax: 500,
    retries: 20,
    transports: TRANSPORTS[index % TRANSPORTS.length],
    withCredentials: true,
  });
  t.after(() => {
    socket.disconnect();
    agent.destroy();
  });
  const client = { chain: `sender ${index}`, socket, sent: 0, heard: {}, reasons: [], errors: [], returns: [] };
  socket.on("said", ({ chain, n }) => (client.heard[chain] ??= []).push(n));
  socket.on("connect_error", (error) => client.errors.push(`${error}: ${error.description}`));
  await next(socket, "connect");
  client.id = socket.id;
  socket.on("disconnect", (reason) => client.reasons.push(reason));
  socket.on("connect", () => client.returns.push({ recovered: socket.recovered, id: socket.id }));
  assert.equal(await socket.emitWithAck("join", ROOM), true);
  return client;
}

/** It says one thing after the other, until it is told to stop. */
async function talk(client, signal) {
  while (!signal.aborted) {
    const link = { chain: client.chain, n: ++client.sent, to: ROOM, node: "", begun: 0, sent: 0 };
    assert.equal(await client.socket.emitWithAck("say", link), true);
    await pause(PAUSE);
  }
}

/** The node ends, is started again, and gets new sessions before this returns; its exit code. */
async function restart(world, name) {
  const { sockets } = await (await fetch(`${world.nodeUrl(name)}/state`)).json();
  assert.ok(sockets > 0, `${name} has clients`);
  const code = await world.endNode(name);
  await world.startNode(name);
  await until(`the proxy leads to ${name} again`, async () => {
    const answer = await fetch(`${world.url}/state`, { headers: { cookie: `node=${name}` } });
    return answer.ok && answer.headers.getSetCookie().length === 0;
  });
  return code;
}

test("nothing is lost when all nodes are restarted one after the other", async (t) => {
  const world = await World.startRecovering(t, PROXY, { DRAIN_WINDOW: 500, DRAIN_TIMEOUT: 25_000 });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => enter(t, world.url, index)));
  const senders = clients.slice(0, SENDERS);
  const stop = new AbortController();
  const talking = Promise.all(senders.map((sender) => talk(sender, stop.signal)));
  const goOn = async () => {
    const before = senders.map(({ sent }) => sent);
    await until("all senders go on", () => senders.every(({ sent }, index) => sent >= before[index] + SOME));
  };

  await goOn();
  for (const name of NODES) {
    assert.equal(await restart(world, name), 0, `exit code of ${name}`);
    await goOn();
  }
  stop.abort();
  await talking;

  const sent = Object.fromEntries(senders.map(({ chain, sent }) => [chain, Array.from({ length: sent }, (_, index) => index + 1)]));
  const all = Object.values(sent).flat().length;
  const count = ({ heard }) => Object.values(heard).flat().length;
  // Not how many of whom: should one come twice and another one not at all, the next says so.
  await until("the last has arrived", () => clients.every((client) => count(client) >= all)).catch(() => {});
  const isBack = ({ socket, reasons, returns }) => socket.connected && returns.length === reasons.length;
  await until("everyone is back", () => clients.every(isBack)).catch(() => {});
  for (const { socket, id, chain, heard, reasons, errors, returns } of clients) {
    for (const sender of Object.keys(sent)) assert.deepEqual(heard[sender], sent[sender], `what ${chain} has heard of ${sender}`);
    assert.ok(reasons.length > 0, "its node was restarted");
    assert.deepEqual([new Set(reasons), errors], [new Set(["transport close"]), []]);
    assert.deepEqual(returns, reasons.map(() => ({ recovered: true, id })));
    assert.ok(socket.connected);
  }
  t.diagnostic(`${all} events to ${CLIENTS} clients, which had to go ${clients.flatMap(({ reasons }) => reasons).length} times`);
});

test("a node whose handler hangs ends at its deadline, and says so", async (t) => {
  const world = await World.startRecovering(t, PROXY, { DRAIN_WINDOW: 100, DRAIN_TIMEOUT: 500 });
  const socket = io(world.nodeUrl("node-1"), { auth: { user: "silent" }, forceNew: true, transports: ["websocket"] });
  t.after(() => socket.disconnect());
  await next(socket, "connect");
  assert.equal(await socket.emitWithAck("join", ROOM), true);
  // The handler waits for an answer of the whole room, for 5 s; there is none.
  const asked = next(socket, "question");
  socket.emit("question", ROOM);
  await asked;
  assert.equal(await world.endNode("node-1"), 1);
});
