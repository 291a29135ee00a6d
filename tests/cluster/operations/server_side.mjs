// Events between servers, and how many servers there are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../harness.mjs";

export function serverSide(lab) {
  test("an event reaches the other servers, and not the sender", async () => {
    const { from, to } = lab;
    await Promise.all([from.ask("heard"), to.ask("heard")]);
    const args = [1, "été \"\\ 🚀", { deep: [null, 2 ** 40, 0.5] }];
    for (const nsp of ["/", "/chat"]) await from.ask("serverSideEmit", { nsp, event: "hello", args });
    const heard = [];
    await until("two events", async () => heard.push(...(await to.ask("heard"))) === 2);
    // Namespaces have channels of their own, between which a Redis Cluster keeps no order.
    heard.sort((a, b) => a.nsp.length - b.nsp.length);
    assert.deepEqual(heard, [{ nsp: "/", args }, { nsp: "/chat", args }]);
    assert.deepEqual(await from.ask("heard"), []);
  });

  test("the other servers answer", async () => {
    const { from, to } = lab;
    const args = ["how are you?", { deep: [true] }];
    const answer = { answers: [{ from: to.name, args }], complete: true };
    assert.deepEqual(await from.ask("serverSideAsk", { event: "hello", args }), answer);
    assert.deepEqual(await from.ask("serverSideAsk", { nsp: "/deep/down", event: "hello", args }), answer);
  });

  test("a server that does not answer is missed", async () => {
    const { answers, complete } = await lab.from.ask("serverSideAsk", { event: "nobody listens", args: [] });
    assert.deepEqual([answers, complete], [[], false]);
  });

  test("both are counted", async () => {
    assert.equal(await lab.from.ask("serverCount"), 2);
  });

  // The adapters of Node list no servers.
  if (lab.giver !== "roomcast") return;
  test("both are listed, with ids of either kind", async () => {
    const { from, to, cluster } = lab;
    for (const nsp of ["/", "/chat"]) {
      const { ids, own } = await from.ask("serverIds", { nsp });
      const others = ids.filter((id) => id !== own);
      assert.equal(ids.length, 2);
      assert.equal(others.length, 1, "this one and another");
      if (to.kind === "roomcast") assert.equal(others[0], (await to.ask("serverIds", { nsp })).own);
      else assert.match(others[0], cluster.adapter.startsWith("classic") ? /^[\w-]{6}$/ : /^[0-9a-f]{16}$/);
    }
  });
}
