// Either side ends a socket, or does what ends the connection.

import assert from "node:assert/strict";
import { test } from "node:test";
import { next } from "../server.mjs";
import { collect, gone, settled } from "./lab.mjs";

export function leaving(lab) {
  test("the client leaves", async (t) => {
    const [observer, socket] = await lab.connectAll(t, 2);
    const left = gone(observer, socket);
    const lost = next(socket, "disconnect");
    socket.disconnect();
    assert.equal((await lost)[0], "io client disconnect");
    assert.equal((await left).reason, "client namespace disconnect");
    assert.equal(socket.active, false);
  });

  test("the server disconnects one namespace; the client does not come back", async (t) => {
    const [observer, main] = await lab.connectAll(t, 2);
    const custom = await lab.multiplex(t, main, "/custom");
    const attempts = collect(main.io, "reconnect_attempt");
    const left = gone(observer, main);
    const lost = next(main, "disconnect");
    main.emit("disconnect_me", false);
    assert.equal((await lost)[0], "io server disconnect");
    assert.equal((await left).reason, "server namespace disconnect");
    assert.equal(main.active, false);
    await settled(custom);
    main.connect();
    await next(main, "connect");
    await settled(main, custom);
    assert.deepEqual(attempts, []);
  });

  test("the server disconnects all namespaces", async (t) => {
    const observers = [await lab.connect(t), await lab.connect(t, { nsp: "/custom" })];
    const main = await lab.connect(t);
    const custom = await lab.multiplex(t, main, "/custom");
    const attempts = collect(main.io, "reconnect_attempt");
    const left = Promise.all([gone(observers[0], main), gone(observers[1], custom)]);
    const lost = Promise.all([next(main, "disconnect"), next(custom, "disconnect")]);
    const closed = next(main.io.engine, "close");
    main.emit("disconnect_me", true);
    assert.deepEqual((await lost).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
    assert.deepEqual(
      (await left).map(({ reason }) => reason),
      ["server namespace disconnect", "server namespace disconnect"],
    );
    await closed;
    assert.deepEqual([main.active, custom.active], [false, false]);
    await settled(observers[0]);
    assert.deepEqual(attempts, []);
  });

  for (const [what, packet, expected] of [
    ["Engine.IO", "abc", "parse error"],
    ["Socket.IO", "4abc", "forced close"],
  ]) {
    test(`an invalid ${what} packet costs the connection, which comes back`, async (t) => {
      const [observer, socket] = await lab.connectAll(t, 2);
      const left = gone(observer, socket);
      const [lost, back] = [next(socket, "disconnect"), next(socket, "connect")];
      await lab.inject(socket, packet);
      // Between two polls the next one is refused.
      assert.match((await lost)[0], lab.polls ? /^transport (close|error)$/ : /^transport close$/);
      assert.equal((await left).reason, expected);
      await back;
      await settled(socket);
    });
  }

  test("a panic in a handler costs that socket alone", async (t) => {
    const [other, main] = await lab.connectAll(t, 2);
    const custom = await lab.multiplex(t, main, "/custom");
    const lost = next(main, "disconnect");
    main.emit("panic");
    assert.equal((await lost)[0], "io server disconnect");
    await settled(custom, other);
    main.connect();
    await next(main, "connect");
    await settled(main);
  });
}
