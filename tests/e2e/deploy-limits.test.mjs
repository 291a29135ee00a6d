// The proxies of examples/deploy before nodes that refuse someone: who is there already must not notice.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { io } from "socket.io-client";
import { World } from "./deploy/harness.mjs";
import { until } from "./deploy/process.mjs";
import { next, within } from "./server.mjs";

const PROXIES = ["nginx/ip-hash.conf", "nginx/cookie.conf", "haproxy/source.cfg", "haproxy/cookie.cfg"];
const OPEN = "/socket.io/?EIO=4&transport=polling";

/** A request of a client that has this number, and an address by it. */
async function ask(world, number, { path = OPEN, method = "GET", cookie = "", headers, body }) {
  const sent = request(world.url + path, { method, headers: { cookie, ...headers }, agent: false, localAddress: `127.0.${number}.1` });
  sent.end(body);
  const [answer] = await within(once(sent, "response"), `answer to ${method} ${path}`);
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** Opens a session that polls; `undefined` if that is refused. */
async function open(world, number, cookie) {
  const { status, headers, body } = await ask(world, number, { cookie });
  if (status !== 200) return undefined;
  const [set = cookie] = headers["set-cookie"] ?? [];
  return { number, cookie: set.split(";")[0], path: `${OPEN}&sid=${JSON.parse(body.slice(1)).sid}` };
}

async function say(world, { number, cookie, path }, body = "40{}") {
  return (await ask(world, number, { path, cookie, method: "POST", body })).status;
}

for (const file of PROXIES) {
  test(`${file}: nodes that refuse handshakes for a while keep the sessions that they have`, async (t) => {
    const world = await World.start(t, file, "--handshakes", "4");
    const sessions = [];
    for (const number of [1, 2, 3, 4, 5, 6]) {
      await until(`session ${number} is open`, async () => (sessions[number - 1] = await open(world, number)));
    }
    // Those of one crowd may all be let in if it takes seconds to come.
    await until("some are let in, and others refused", async () => {
      const statuses = new Set();
      const crowd = Array.from({ length: 60 }, (_, number) => ask(world, number + 10, {}));
      for (const { status, headers } of await Promise.all(crowd)) {
        if (status === 429) assert.match(headers["retry-after"], /^\d+$/);
        else assert.equal(status, 200);
        statuses.add(status);
      }
      return statuses.size > 1;
    });
    for (const session of sessions) assert.equal(await say(world, session), 200, session.cookie);
  });

  test(`${file}: who comes to a full node finds another one, and who is there stays`, async (t) => {
    const world = await World.start(t, file, "--max-connections", "10");
    // By address nginx has to choose: see the file.
    const transports = [file.includes("ip-hash") ? "websocket" : "polling"];
    const first = await world.enter(t, 1, { transports });
    const full = first.node;
    for (let places = 9; places > 0; places -= 1) {
      const filler = io(world.nodeUrl(full), { auth: { nick: "filler" }, forceNew: true, transports: ["websocket"] });
      t.after(() => filler.disconnect());
      await next(filler, "welcome");
    }
    const others = Array.from({ length: 11 }, (_, number) =>
      world.enter(t, number + 2, { transports: ["websocket"], extraHeaders: { cookie: `node=${full}` } }));
    for (const { node, errors } of await Promise.all(others)) {
      assert.notEqual(node, full);
      assert.deepEqual(errors, []);
    }
    await first.socket.timeout(10_000).emitWithAck("who");
    assert.deepEqual([first.node, first.lost], [full, 0]);
  });

  test(`${file}: no path leads to what is for whoever runs the nodes`, async (t) => {
    const world = await World.before(t, file);
    assert.equal((await ask(world, 1, { path: "/other" })).status, 200);
    for (const path of ["/health", "/ready", "/metrics", "/%6detrics", "/r%65ady", "/%68%65alth", "/metrics?all"]) {
      assert.equal((await ask(world, 1, { path })).status, 404, path);
    }
  });

  test(`${file}: what a client says of itself is not what the nodes believe`, async (t) => {
    const world = await World.before(t, file, (_, request, answer) => answer.write(JSON.stringify(request.headers)));
    const host = new URL(world.url).host;
    for (const forged of [{}, { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https" }]) {
      const told = JSON.parse((await ask(world, 1, { headers: forged })).body);
      // `TrustProxy::hops(1)` takes the last one.
      assert.equal(told["x-forwarded-for"].split(",").at(-1).trim(), "127.0.1.1");
      assert.equal(told["x-forwarded-proto"].split(",").at(-1).trim(), "http");
      assert.equal(told.host, host);
    }
  });
}

for (const file of PROXIES.filter((file) => file.startsWith("haproxy"))) {
  for (const place of ["/health", "/ready"]) {
    test(`${file}: a node that fails at ${place} gets no new sessions until it is well again`, async (t) => {
      let ill;
      const world = await World.before(t, file, (name, { url }, answer) => {
        if (name === ill && url === place) answer.statusCode = 503;
        answer.write(name);
      });
      const opened = async () => (await ask(world, 1, { path: "/", cookie: "node=node-1" })).body;
      [ill] = [await opened()];
      await world.proxy.prints(new RegExp(`Server nodes/${ill} is DOWN`));
      assert.notEqual(await opened(), ill);
      const well = ill;
      ill = undefined;
      await world.proxy.prints(new RegExp(`Server nodes/${well} is UP`));
    });
  }

  test(`${file}: a node that is not ready is still asked for the sessions that it has`, async (t) => {
    const world = await World.start(t, file);
    const session = await open(world, 1);
    const node = session.cookie.replace("node=", "");
    // An event whose attachment is missing keeps it while its node drains.
    assert.equal(await say(world, session, '40{}\x1e451-["say",{"_placeholder":true,"num":0}]'), 200);
    await world.shutDownNode(node);
    await world.proxy.prints(new RegExp(`Server nodes/${node} is DOWN`));
    assert.equal((await ask(world, 1, session)).status, 200);
    const moved = await open(world, 1, session.cookie);
    assert.notEqual(moved.cookie, session.cookie);
    assert.equal(await say(world, moved), 200);
  });
}
