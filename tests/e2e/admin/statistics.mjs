// The figures of servers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, connectPage, open, openPage } from "./kit.mjs";
import { next } from "../server.mjs";

const bytes = (texts) => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);

export function statistics(start) {
  test("every server tells its figures", async (t) => {
    const server = await start(t, { mode: "production" });
    const page = await connectPage(t, server);
    const [one, two] = [
      await connect(t, server),
      await connect(t, server, "/custom", { transports: ["polling"] }),
    ];
    // A client is counted before it has joined its namespace.
    const joined = ({ name, socketsCount }) => name === "/custom" && socketsCount === 1;
    const [stats] = await page.told("server_stats", ({ clientsCount, namespaces }) => clientsCount === 3 && namespaces.some(joined));
    assert.deepEqual(Object.keys(stats).sort(), [
      "aggregatedEvents", "clientsCount", "hostname", "namespaces", "pid", "pollingClientsCount", "serverId", "uptime",
    ]);
    assert.equal(stats.pollingClientsCount, 1);
    for (const name of ["serverId", "hostname"]) assert.ok(stats[name] && typeof stats[name] === "string", name);
    assert.ok(Number.isInteger(stats.pid));
    assert.ok(stats.uptime > 0 && stats.uptime < 60);
    const counts = Object.fromEntries(stats.namespaces.map(({ name, socketsCount }) => [name, socketsCount]));
    assert.equal(counts["/"], 1);
    assert.equal(counts["/custom"], 1);
    assert.equal(counts["/admin"], 1);

    one.disconnect();
    two.disconnect();
    const [later] = await page.told("server_stats", ({ clientsCount, uptime }) => uptime > stats.uptime && clientsCount === 1);
    assert.equal(later.pollingClientsCount, 0);
  });

  test("what happened since is counted by second and kind", async (t) => {
    const server = await start(t, { mode: "production" });
    const written = [];
    const counting = (socket) => {
      socket.io.engine.on("packet", ({ type, data }) => type === "message" && written.push(data));
      return socket;
    };
    const page = openPage(t, server);
    counting(page.socket);
    const [first] = await page.told("server_stats");
    // By the next regular ones all is counted that the page itself took. The first that goes out then are these.
    await page.told("server_stats", ({ uptime }) => uptime > first.uptime + 1);
    written.splice(0, written.length - 1);
    page.events.length = 0;
    const client = counting(open(t, server.url));
    await next(client, "connect");
    client.emit("message", "täglich");
    await next(client, "message-back");
    client.disconnect();
    const sums = (events) => {
      const all = events.flatMap(([name, stats]) => (name === "server_stats" ? stats.aggregatedEvents : []));
      const sums = {};
      for (const { type, subType, count } of all) {
        const key = subType ? `${type} ${subType}` : type;
        sums[key] = (sums[key] ?? 0) + count;
      }
      return sums;
    };
    await page.until("the end of the connection", (events) => sums(events)["rawDisconnection transport close"]);
    const read = ["0", '2["message","täglich"]', "1"];
    // The last figures do not know of themselves.
    written.pop();
    assert.deepEqual(sums(page.events), {
      rawConnection: 1,
      "rawDisconnection transport close": 1,
      packetsIn: read.length,
      bytesIn: bytes(read),
      packetsOut: written.length,
      bytesOut: bytes(written),
    });
    for (const [, { aggregatedEvents }] of page.events.filter(([name]) => name === "server_stats")) {
      for (const { timestamp } of aggregatedEvents) assert.equal(timestamp % 1000, 0);
      const keys = aggregatedEvents.map(({ timestamp, type, subType }) => `${timestamp} ${type} ${subType}`);
      assert.equal(new Set(keys).size, keys.length, "one count for each second and kind");
    }
  });
}
