// The admin page of the example `cluster`: three nodes behind nginx, in a real browser.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { io } from "socket.io-client";
import { HASH, PAGE, PASSWORD } from "./admin/kit.mjs";
import { go, isConnected, logIn, open, row } from "./admin/browser.mjs";
import { launch } from "./browser.mjs";
import { World } from "./deploy/harness.mjs";
import { next } from "./server.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("one page shows three nodes, and a login at one is good at all", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "admin-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "admin.htpasswd");
  writeFileSync(file, `admin:${HASH}\n`);
  const world = await World.start(t, "nginx/cookie.conf", "--admin", file, "--admin-page", PAGE);
  const names = ["node-1", "node-2", "node-3"];
  const clients = [];
  for (const name of names) {
    const client = io(world.nodeUrl(name), { transports: ["websocket"], forceNew: true, auth: { nick: `of ${name}` } });
    t.after(() => client.disconnect());
    await next(client, "welcome");
    clients.push(client);
  }
  const page = await open(t, browser, world);
  await logIn(page, world, PASSWORD);
  await isConnected(page);
  await go(page, "Servers");
  for (const name of names) await row(page, name).getByText("Healthy", { exact: true }).waitFor();
  await go(page, "Sockets");
  for (const { id } of clients) await row(page, id).waitFor();

  // Whichever node the balancer takes this time.
  await page.context().clearCookies();
  await page.reload();
  await isConnected(page);
  const gone = next(clients[2], "disconnect");
  await row(page, clients[2].id).getByRole("button").click();
  await gone;
});
