// Who is let in to the admin page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CREDENTIALS, PASSWORD, connect, connectPage, openPage, refused } from "./kit.mjs";
import { next } from "../server.mjs";

export function credentials(start) {
  test("credentials are asked for", async (t) => {
    const server = await start(t, { auth: true });
    for (const auth of [
      undefined,
      {},
      { username: "admin", password: "wrong" },
      { username: "someone", password: PASSWORD },
      { username: "admin", password: "" },
      { sessionId: "0123456789abcdef" },
      { sessionId: "" },
    ]) {
      assert.equal(await refused(t, server, { auth }), "invalid credentials", JSON.stringify(auth));
    }
    const page = await connectPage(t, server, { auth: CREDENTIALS });
    const [session] = await page.told("session");
    assert.match(session, /^[0-9a-f]{16}$/);
    await page.told("config");
  });

  test("a session is good in place of credentials", async (t) => {
    const server = await start(t, { auth: true });
    const first = await connectPage(t, server, { auth: CREDENTIALS });
    const [session] = await first.told("session");
    first.socket.disconnect();
    const second = await connectPage(t, server, { auth: { sessionId: session } });
    await second.told("config");
    assert.ok(!second.events.some(([name]) => name === "session"));
    const third = await connectPage(t, server, { auth: { sessionId: "no longer", ...CREDENTIALS } });
    const [another] = await third.told("session");
    assert.notEqual(another, session);
  });

  test("whoever is refused is told of nothing", async (t) => {
    const server = await start(t, { auth: true });
    const stranger = openPage(t, server, { auth: { username: "admin", password: "guess" } });
    await next(stranger.socket, "connect_error");
    const page = await connectPage(t, server, { auth: CREDENTIALS });
    const client = await connect(t, server);
    await page.told("socket_connected", ({ id }) => id === client.id);
    assert.deepEqual(stranger.events, []);
  });
}
