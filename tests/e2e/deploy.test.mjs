// The proxies of examples/deploy, before three nodes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { DEPLOY, NODES, World, figures } from "./deploy/harness.mjs";
import { until } from "./deploy/process.mjs";

const POLLING = { transports: ["polling"] };
const PROXIES = ["nginx/ip-hash.conf", "nginx/cookie.conf", "haproxy/source.cfg", "haproxy/cookie.cfg"];

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Six clients that poll, and six that change to WebSocket. */
async function crowd(t, world) {
  const numbers = Array.from({ length: 12 }, (_, number) => number + 1);
  const clients = await Promise.all(numbers.map((number) => world.enter(t, number, number % 2 ? POLLING : {})));
  await until("the others have changed to WebSocket", () =>
    clients.filter(({ socket }) => socket.io.engine.transport.name === "websocket").length === 6);
  return clients;
}

/** A gauge of all nodes together, as the autoscaler adds it up. */
async function sum(world, gauge) {
  const told = await Promise.all(NODES.map((name) => figures(world.operationsUrl(name))));
  return told.reduce((all, figures) => all + Number(new RegExp(`^${gauge} (\\d+)$`, "m").exec(figures)[1]), 0);
}

/** Everyone says something, and everyone hears all of it. */
async function talk(clients, round) {
  const said = clients.map(({ nick }) => `${nick}: ${round}`).sort();
  const say = ({ nick, socket }) => socket.timeout(10_000).emitWithAck("say", `${nick}: ${round}`);
  await Promise.all(clients.map(say)).catch((error) => assert.fail(`${round}: ${error}: ${JSON.stringify(told(clients))}`));
  for (const client of clients) {
    await until(`${client.nick} has heard everyone`, () => client.heard.length >= said.length);
    assert.deepEqual(client.heard.splice(0).sort(), said);
  }
}

const told = (clients) =>
  clients.map(({ nick, node, lost, errors, socket }) => ({ nick, node, lost, errors: errors.map(String), connected: socket.connected }));

/** Nobody's node changes any more: who is still led to another one than before has found out with a request. */
async function settle(clients) {
  for (let lost; lost !== (lost = clients.reduce((sum, client) => sum + client.lost, 0)); ) {
    const asked = clients.map(({ socket }) => socket.timeout(10_000).emitWithAck("who").catch(() => {}));
    await Promise.all(asked);
    await until("everyone is connected", () => clients.every(({ socket }) => socket.connected));
  }
}

/** A node goes, and its clients, no others, are at other nodes then, without having been refused. */
async function lose(clients, name, go) {
  const [theirs, others] = [true, false].map((is) => clients.filter(({ node }) => (node === name) === is));
  assert.ok(theirs.length > 0, `${name} has clients: ${JSON.stringify(told(clients))}`);
  const before = others.map(({ lost }) => lost);
  await go(name);
  const moved = until(`the clients of ${name} are at other nodes`, () =>
    theirs.every(({ socket, node }) => socket.connected && node !== name));
  await moved.catch((error) => assert.fail(`${error.message}: ${JSON.stringify(told(theirs))}`));
  assert.deepEqual(others.map(({ lost }) => lost), before, "others are not disturbed");
  assert.deepEqual(clients.flatMap(({ errors }) => errors), [], JSON.stringify(told(clients)));
}

for (const file of PROXIES) {
  test(`${file}: a crowd polls, upgrades, and outlives its nodes`, async (t) => {
    const world = await World.start(t, file);
    const clients = await crowd(t, world);
    assert.deepEqual([...new Set(clients.map(({ node }) => node))].sort(), NODES);
    // By the first of these the nodes are scaled; who has changed to WebSocket polls no more.
    for (const gauge of ["websocket_connections", "roomcast_polling_sessions"]) {
      await until(`${gauge} of all nodes is 6`, async () => (await sum(world, gauge)) === 6);
    }
    for (const round of [1, 2, 3]) await talk(clients, round);
    // Too long for the application, not for what is in between.
    const refused = await clients[0].socket.emitWithAck("say", "x".repeat(900_000));
    assert.equal(refused.error.message, "Too long or empty.");
    assert.deepEqual(clients.map(({ lost }) => lost), clients.map(() => 0), "nobody was ever at the wrong node");

    // nginx has no health checks: it finds out with a client's request.
    const check = (said) => file.startsWith("haproxy") && world.proxy.prints(said);
    await lose(clients, "node-2", (name) => world.shutDownNode(name));
    await check(/Server nodes\/node-2 is DOWN/);
    // By address, nginx leads those who opened a session at another node to this one again after a while; a session that
    // polls then begins anew.
    await settle(clients);
    await talk(clients, "after the shutdown");
    await world.killNode("node-2");
    await world.startNode("node-2");
    await check(/Server nodes\/node-2 is UP/);
    const before = clients.map(({ lost }) => lost);
    await settle(clients);
    await talk(clients, "after the restart");
    if (!file.includes("ip-hash")) assert.deepEqual(clients.map(({ lost }) => lost), before, "all stay where they are");

    await lose(clients, "node-3", (name) => world.killNode(name));
    await check(/Server nodes\/node-3 is DOWN/);
    await settle(clients);
    await talk(clients, "after the crash");
    assert.equal((await world.enter(t, 20, POLLING)).lost, 0);
  });
}

for (const file of PROXIES.filter((file) => file.includes("cookie"))) {
  test(`${file}: the cookie leads to its node, and names another one when that has gone`, async (t) => {
    const world = await World.start(t, file);
    const open = async (cookie) => {
      const answer = await fetch(`${world.url}/socket.io/?EIO=4&transport=polling`, { headers: { cookie } });
      assert.equal(answer.status, 200);
      return { set: answer.headers.getSetCookie(), sid: JSON.parse((await answer.text()).slice(1)).sid };
    };
    // An event whose attachment is missing keeps a session while its node drains.
    const body = '40{}\x1e451-["say",{"_placeholder":true,"num":0}]';
    const post = async (sid, cookie) => {
      const url = `${world.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
      return (await fetch(url, { method: "POST", body, headers: { cookie } })).status;
    };
    const sids = new Map();
    for (const node of ["node-1", "node-2", "node-3"]) {
      const { set, sid } = await open(`theme=dark; node=${node}`);
      assert.deepEqual(set, [], "the client has it");
      assert.equal(await post(sid, `node=${node}`), 200);
      sids.set(node, sid);
    }
    const [first] = (await open("node=unknown")).set;
    assert.match(first, /^node=node-[123]; Path=\/; HttpOnly; SameSite=Lax$/); // the node's own
    await world.shutDownNode("node-1");
    if (file.startsWith("haproxy")) await world.proxy.prints(/Server nodes\/node-1 is DOWN/);
    const { set, sid } = await open("node=node-1");
    assert.equal(set.length, 1);
    const cookie = set[0].split(";")[0];
    assert.match(cookie, /^node=node-[23]$/);
    assert.equal(await post(sid, cookie), 200);
    const rest = await fetch(`${world.url}/socket.io/?EIO=4&transport=polling&sid=${sids.get("node-1")}`, {
      headers: { cookie: "node=node-1" },
    });
    assert.equal(rest.status, 200, "the node still answers a session that it has");
  });
}

for (const file of PROXIES) {
  test(`${file}: a page is at another node when its own shuts down, without an error on it`, async (t) => {
    const world = await World.start(t, file);
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    // By address, nginx leads a session to a node that does not know it while it leaves out its own. Should the page poll then,
    // the 400 is a line in the console that no page can avoid, and its client begins anew.
    const is400 = (text) => file.includes("ip-hash") && /Failed to load resource.+ 400 /.test(text);
    page.on("console", (message) => message.type() === "error" && !is400(message.text()) && errors.push(message.text()));
    await page.goto(world.url);
    await page.getByTestId("nick-input").fill("Ada");
    await page.getByTestId("nick-submit").click();
    const welcome = page.getByTestId("node").getByText(/^You are connected to node-/);
    await welcome.waitFor();
    const node = /node-\d/.exec(await welcome.textContent())[0];
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.name, cookie.value, cookie.httpOnly, cookie.sameSite], ["node", node, true, "Lax"]);
    await world.shutDownNode(node);
    await until("the page is at another node", async () => {
      const text = await page.getByTestId("node").textContent();
      return /node-\d/.test(text) && !text.includes(node) && (await page.locator("#status").textContent()) === "Connected";
    });
    await page.getByTestId("message-input").fill("still here");
    await page.getByTestId("send").click();
    await page.getByText("still here").waitFor();
    assert.deepEqual(errors, []);
  });
}

/** The figures of the dashboard that nodes have from the start: without latencies, and without those that have a reason. */
function shown() {
  const { panels } = JSON.parse(readFileSync(path.join(DEPLOY, "grafana/roomcast.json"), "utf8"));
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const names = queries.filter((query) => !/reason|_bucket/.test(query)).flatMap((query) => query.match(/\w+(?=\{)/g));
  assert.ok(names.length > 40, names.join());
  return names;
}

for (const file of PROXIES) {
  test(`${file}: what is for whoever runs the nodes is not for their clients`, async (t) => {
    const world = await World.start(t, file);
    for (const place of ["/health", "/ready", "/metrics"]) {
      assert.equal((await fetch(world.operationsUrl("node-1") + place)).status, 200, place);
      assert.equal((await fetch(world.nodeUrl("node-1") + place)).status, 404, `${place} on the clients' port`);
    }
    const told = await figures(world.operationsUrl("node-1"));
    for (const line of ["websocket_connections 0", "roomcast_cluster_connected 1"]) assert.ok(told.split("\n").includes(line), told);
    for (const name of shown()) assert.match(told, new RegExp(`^${name}(\\{.*\\})? \\d+$`, "m"), "the dashboard shows it");
  });
}
