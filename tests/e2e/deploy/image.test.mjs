// The image and the Compose file of examples/deploy, run by Podman on a network that nobody else is on. `cargo xtask image` makes
// the image, those that stand in for what a registry would have, and that network.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { next, within } from "../server.mjs";
import { Container, compose as serve, descriptors, podman } from "./podman.mjs";
import { until } from "./process.mjs";

const IMAGE = "localhost/roomcast";
const NONROOT = 65532;
const NODES = ["node-1", "node-2", "node-3"];
const URL_OF_NGINX = "http://127.0.0.1:8080";

const FILE = fileURLToPath(new URL("../../../examples/deploy/docker/compose.yaml", import.meta.url));

/** A client that has the cookie of a node, until it has to look for another one. */
async function enter(t, node, nick, options) {
  const socket = io(URL_OF_NGINX, {
    auth: { nick },
    extraHeaders: { cookie: `node=${node}` },
    forceNew: true,
    reconnectionDelay: 20,
    withCredentials: true,
    ...options,
  });
  t.after(() => socket.disconnect());
  socket.io.on("reconnect_attempt", () => (socket.io.opts.extraHeaders = {}));
  const client = { nick, socket, heard: [], recovered: [] };
  socket.on("welcome", (name) => (client.node = name));
  socket.on("message", ({ from, text, node }) => client.heard.push(`${from} at ${node}: ${text}`));
  socket.on("connect", () => client.recovered.push(socket.recovered));
  await next(socket, "welcome");
  assert.equal(client.node, node);
  return client;
}

/** One says something, and all of them hear it. */
async function say({ nick, node, socket }, text, clients) {
  const answer = await socket.timeout(20_000).emitWithAck("say", text);
  assert.equal(answer?.error, undefined);
  const said = `${nick} at ${node}: ${text}`;
  await until(`all hear "${said}"`, () => clients.every(({ heard }) => heard.includes(said)));
}

test("what the image adds to its base is the program", async (t) => {
  const changes = (await podman("image", "diff", IMAGE)).split("\n").filter((line) => line.startsWith("A "));
  assert.deepEqual(changes, ["A /usr/local", "A /usr/local/bin", "A /usr/local/bin/cluster"]);
  const [{ Config, Size }] = JSON.parse(await podman("image", "inspect", IMAGE));
  assert.deepEqual(Object.keys(Config.ExposedPorts).sort(), ["3000/tcp", "9000/tcp"]);
  const [layer] = JSON.parse(await podman("history", "--format", "json", IMAGE)).map(({ size }) => size).filter((size) => size > 0);
  assert.ok(layer < 20e6, `${layer} bytes`);
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  t.diagnostic(`the program's layer has ${megabytes(layer)}, the image with the stand-in for its base ${megabytes(Size)}`);
});

test("a node of the image is not root, writes nothing, and ends in order", async (t) => {
  const redis = await Container.start(t, "redis:7.4-alpine");
  const [{ Config }] = JSON.parse(await podman("image", "inspect", IMAGE));
  const where = ["--redis", `redis://${await redis.address()}/`];
  const node = await Container.start(t, "--read-only", IMAGE, ...Config.Cmd, ...where);
  await node.answers("/health", 200);
  await node.answers("/ready", 200);
  const { user, group, readOnly, capabilities } = await node.process();
  assert.deepEqual({ user, group, readOnly }, { user: NONROOT, group: NONROOT, readOnly: true });
  assert.equal(capabilities[0], 0n);
  const exit = node.exit();
  await podman("kill", "--signal", "TERM", node.id);
  assert.equal(await within(exit, "end of the node"), 0);
});

test("the Compose file: three nodes behind nginx are one, and one is made anew", async (t) => {
  const compose = await serve(t, FILE);
  const up = compose("up", "--detach", "--no-build");
  const redis = await Promise.race([Container.of("redis"), up]);
  // What the nodes wait for. Docker asks by itself.
  await until("Redis is healthy", () => redis.healthy());
  await up;
  const nodes = new Map();
  for (const name of NODES) nodes.set(name, await Container.of(name));
  for (const node of nodes.values()) await node.answers("/ready", 200);

  await t.test("each is allowed what it needs", async () => {
    const most = descriptors(131072);
    if (most < 131072) t.diagnostic(`this machine allows ${most} descriptors instead of 131072`);
    const nobody = { capabilities: [0n, 0n], noNewPrivileges: true, readOnly: true };
    for (const node of nodes.values()) {
      const allowed = { ...nobody, user: NONROOT, group: NONROOT, descriptors: [most, most] };
      assert.deepEqual(await node.process(), allowed);
    }
    const { descriptors: _, ...rest } = await redis.process();
    assert.deepEqual(rest, { ...nobody, user: 999, group: 1000 });
    const nginx = await (await Container.of("nginx")).process();
    assert.deepEqual([nginx.descriptors, nginx.noNewPrivileges], [[most, most], true]);
  });

  await t.test("health and figures are not for clients", async () => {
    for (const file of ["health", "ready", "metrics"]) assert.equal((await fetch(`${URL_OF_NGINX}/${file}`)).status, 404);
  });

  const clients = [];
  await t.test("clients of different nodes hear each other", async () => {
    clients.push(await enter(t, "node-1", "Ada"), await enter(t, "node-2", "Ben"));
    clients.push(await enter(t, "node-3", "Cy", { transports: ["polling"] }));
    for (const client of clients) await say(client, "hello", clients);
    await until("who can has changed to WebSocket", () =>
      clients.filter(({ socket }) => socket.io.engine.transport.name === "websocket").length === 2);
    for (const client of clients) await say(client, "still there", clients);
  });

  await t.test("a node that is made anew loses nobody", async () => {
    const [ada, ben] = clients;
    const exit = nodes.get("node-1").exit();
    const made = compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", "node-1");
    assert.equal(await within(exit, "end of node-1"), 0);
    await made;
    await say(ben, "while it was away", clients);
    assert.equal(ada.recovered.at(-1), true);
    const anew = await Container.of("node-1");
    assert.notEqual(anew.id, nodes.get("node-1").id);
    nodes.set("node-1", anew);
    await anew.answers("/ready", 200);
    await compose("exec", "-T", "nginx", "nginx", "-s", "reload");
    await until("nginx leads to node-1 again", async () => {
      const headers = { cookie: "node=node-1" };
      const answer = await fetch(`${URL_OF_NGINX}/socket.io/?EIO=4&transport=polling`, { headers });
      return answer.ok && answer.headers.getSetCookie().length === 0; // who is at its node needs no other cookie
    });
    clients.push(await enter(t, "node-1", "Dee"));
    await say(clients.at(-1), "from the new one", clients);
  });

  await t.test("all of it ends in order", async () => {
    const exits = [...nodes.values()].map((node) => node.exit());
    await compose("down");
    assert.deepEqual(await Promise.all(exits), [0, 0, 0]);
  });
});
