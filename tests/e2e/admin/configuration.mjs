// What a page is told first, and what in which mode.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, connectPage, refused } from "./kit.mjs";

const COMMANDS = ["EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"];

export function configuration(start) {
  for (const mode of ["development", "production", "staging"]) {
    for (const readonly of [false, true]) {
      test(`the features of ${mode}${readonly ? ", read-only" : ""}`, async (t) => {
        const page = await connectPage(t, await start(t, { mode, readonly }));
        const supportedFeatures = [...(readonly ? [] : COMMANDS), "AGGREGATED_EVENTS"];
        if (mode === "development") supportedFeatures.push("ALL_EVENTS");
        assert.deepEqual(await page.told("config"), [{ supportedFeatures }]);
      });
    }
  }

  test("the namespace has the name that it is given", async (t) => {
    const server = await start(t, { ADMIN_NAMESPACE: "/behind/the/scenes" });
    const page = await connectPage(t, server, { namespace: "/behind/the/scenes" });
    await page.told("config");
    assert.equal(await refused(t, server), "Invalid namespace");
  });

  test("in production only figures are told", async (t) => {
    const server = await start(t, { mode: "production" });
    const page = await connectPage(t, server);
    const client = await connect(t, server);
    await client.emitWithAck("join", "tea");
    client.disconnect();
    // The second one can only have been written after all of this.
    await page.until("server_stats twice", (events) => events.filter(([name]) => name === "server_stats").length > 1);
    assert.deepEqual([...new Set(page.events.map(([name]) => name))].sort(), ["config", "server_stats"]);
  });
}
