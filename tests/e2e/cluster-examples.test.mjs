// The examples `cluster` and `mixed-cluster` from outside: as `cargo xtask` runs them. LAUNCH_BIN names the program that
// starts them, GUIDE_BIN the folder of the nodes' programs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { launch } from "./browser.mjs";
import { next, until, within } from "../waiting.mjs";

const { LAUNCH_BIN, GUIDE_BIN } = process.env;
const LEASE = 15_000; // ms after which nothing of a killed node is left
const SLACK = 15_000; // ms for a machine with other things to do
const MIXED = fileURLToPath(new URL("../../examples/mixed-cluster", import.meta.url));

let browser;
before(async () => {
  assert.ok(LAUNCH_BIN && GUIDE_BIN, "LAUNCH_BIN and GUIDE_BIN must name the programs");
  browser = await launch();
});
after(() => browser?.close());

/** Processes that descend from one, by their ids. */
function below(pid) {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return [Number(name), Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1])];
      } catch {
        return [Number(name), 0]; // it has ended
      }
    });
  const children = parents.filter(([, parent]) => parent === pid).map(([child]) => child);
  return children.flatMap((child) => [child, ...below(child)]);
}

const isThere = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Runs an example until it has printed all its addresses. */
async function run(t, ...args) {
  const child = spawn(LAUNCH_BIN, args, { stdio: ["ignore", "pipe", "pipe"] });
  const example = { urls: new Map(), err: "" };
  child.stderr.on("data", (data) => (example.err += data));
  const exited = once(child, "exit");
  example.stop = async (signal) => {
    example.pids = below(child.pid);
    child.kill(signal);
    return within(exited, "end of the example", 30_000);
  };
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) await example.stop("SIGTERM");
  });
  const started = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith("Ctrl-C")) return;
      const [name, url] = line.split(/\s+/);
      example.urls.set(name, url);
    }
    throw new Error(`the example ended: ${example.err}`);
  })();
  await within(started, "addresses of the example", 60_000);
  example.processes = below(child.pid);
  return example;
}

async function enter(t, url, nick) {
  const socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false, auth: { nick } });
  t.after(() => socket.disconnect());
  await next(socket, "welcome");
  return socket;
}

/** Waits until a client is told that these are online: names, each with its nodes. */
async function online(socket, expected, ms) {
  const wanted = JSON.stringify(expected);
  let told;
  const right = async () => {
    const people = await socket.timeout(10_000).emitWithAck("who");
    const shown = people.map(({ key, metas }) => [key, ...new Set(metas.map(({ node }) => node).sort())]);
    told = JSON.stringify(shown.sort());
    return told === wanted;
  };
  await until(wanted, right, ms).catch((error) => {
    throw new Error(`${error.message}, but ${told}`);
  });
}

/** Resolves when a client is told that someone has left. */
function leaving(socket, key) {
  return new Promise((resolve) => {
    socket.on("presence_diff", ({ leaves }) => leaves.includes(key) && resolve());
  });
}

/** Two people on two nodes hear each other. */
async function talk([ada, ben], [here, there]) {
  for (const [from, to, nick, node] of [[ada, ben, "Ada", here], [ben, ada, "Ben", there]]) {
    const heard = next(to, "message");
    await from.emitWithAck("say", `from ${nick}`);
    const [{ at, ...message }] = await heard;
    assert.deepEqual(message, { from: nick, text: `from ${nick}`, node });
    assert.ok(Math.abs(Date.now() - at) < 60_000);
  }
}

test("three nodes are one chat, and people are counted once", async (t) => {
  const example = await run(t, "cluster", GUIDE_BIN);
  const [one, two, three] = ["node-1", "node-2", "node-3"].map((name) => example.urls.get(name));
  const [ada, ben] = [await enter(t, one, "Ada"), await enter(t, two, "Ben")];
  await talk([ada, ben], ["node-1", "node-2"]);
  const tabs = [await enter(t, one, "Ada"), await enter(t, three, "Ada")];
  await online(ben, [["Ada", "node-1", "node-3"], ["Ben", "node-2"]]);
  for (const tab of tabs) tab.disconnect();
  await online(ben, [["Ada", "node-1"], ["Ben", "node-2"]]);
  const left = leaving(ben, "Ada");
  ada.disconnect();
  await within(left, "that Ada has left");
  await online(ben, [["Ben", "node-2"]]);
});

test("someone with two tabs on two nodes is one, and leaves with the last of them", async (t) => {
  const example = await run(t, "cluster", GUIDE_BIN);
  const ben = await enter(t, example.urls.get("node-3"), "Ben");
  await online(ben, [["Ben", "node-3"]]);
  const told = [];
  ben.on("presence_diff", ({ joins, updates, leaves }) =>
    told.push(
      ...joins.map(({ key, connections }) => `+${key} ${connections}`),
      ...updates.map(({ key, connections }) => `=${key} ${connections}`),
      ...leaves.map((key) => `-${key}`),
    ));
  // The list is asked for, the changes come by themselves: two that come in one would be told as one.
  const hears = (count) => until(`Ben is told ${count} changes`, () => told.length >= count);
  const first = await enter(t, example.urls.get("node-1"), "Ada");
  await online(ben, [["Ada", "node-1"], ["Ben", "node-3"]]);
  await hears(1);
  const second = await enter(t, example.urls.get("node-2"), "Ada");
  await online(ben, [["Ada", "node-1", "node-2"], ["Ben", "node-3"]]);
  await hears(2);
  first.disconnect();
  await online(ben, [["Ada", "node-2"], ["Ben", "node-3"]]);
  await hears(3);
  const left = leaving(ben, "Ada");
  second.disconnect();
  await within(left, "that Ada has left");
  assert.deepEqual(told, ["+Ada 1", "=Ada 2", "=Ada 1", "-Ada"]);
});

test("a node that is killed is named, and its people are gone", async (t) => {
  const example = await run(t, "cluster", GUIDE_BIN);
  const ben = await enter(t, example.urls.get("node-2"), "Ben");
  const ada = await enter(t, example.urls.get("node-1"), "Ada");
  await online(ben, [["Ada", "node-1"], ["Ben", "node-2"]]);
  const victim = example.processes.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("node-1"));
  const lost = next(ada, "disconnect");
  const left = leaving(ben, "Ada");
  process.kill(victim, "SIGKILL");
  await lost;
  await within(left, "that Ada has left with the node's lease", LEASE + SLACK);
  await online(ben, [["Ben", "node-2"]]);
  await until("it says which has ended", () => /^node-1 ended: signal: 9/m.test(example.err));
  const cleo = await enter(t, example.urls.get("node-3"), "Cleo");
  const heard = next(ben, "message");
  await cleo.emitWithAck("say", "we go on");
  assert.equal((await heard)[0].text, "we go on");
});

test("Node.js and roomcast are one room", async (t) => {
  const example = await run(t, "mixed-cluster", GUIDE_BIN, MIXED);
  const clients = [
    await enter(t, example.urls.get("node-js"), "Ada"),
    await enter(t, example.urls.get("roomcast"), "Ben"),
  ];
  await talk(clients, ["node-js", "roomcast"]);
  for (const client of clients) await online(client, [["Ada", "node-js"], ["Ben", "roomcast"]]);
  clients[1].disconnect();
  await online(clients[0], [["Ada", "node-js"]]);
});

test("what a client puts in the place of an ack ends no server", async (t) => {
  const example = await run(t, "mixed-cluster", GUIDE_BIN, MIXED);
  const ada = await enter(t, example.urls.get("node-js"), "Ada");
  for (const wrong of ["x", 1, {}]) ada.emit("say", "", wrong).emit("say", "hi", wrong).emit("who", wrong);
  await online(ada, [["Ada", "node-js"]]);
  await ada.emitWithAck("say", "still here");
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  test(`${signal} leaves no process behind`, async (t) => {
    const example = await run(t, "mixed-cluster", GUIDE_BIN, MIXED);
    await enter(t, example.urls.get("roomcast"), "Ada");
    assert.equal(example.processes.length, 3);
    assert.deepEqual(await example.stop(signal), [0, null]);
    assert.deepEqual(example.processes.filter(isThere), []);
  });
}

test("the page shows messages and people of both kinds of nodes", async (t) => {
  const example = await run(t, "mixed-cluster", GUIDE_BIN, MIXED);
  const pages = [];
  for (const [name, nick] of [["node-js", "Ada"], ["roomcast", "Ben"]]) {
    const page = await (await browser.newContext()).newPage();
    t.after(() => page.context().close());
    page.on("pageerror", (error) => assert.fail(error));
    await page.goto(example.urls.get(name));
    await page.getByTestId("nick-input").fill(nick);
    await page.getByTestId("nick-submit").click();
    await page.getByTestId("node").getByText(`You are connected to ${name}.`).waitFor();
    pages.push(page);
  }
  const [ada, ben] = pages;
  await ada.getByTestId("members").getByText("Ben").waitFor();
  await ben.getByTestId("message-input").fill("<b>hello</b>");
  await ben.getByTestId("send").click();
  await ada.getByText("<b>hello</b>").waitFor();
  await ben.getByText("<b>hello</b>").waitFor();
});
