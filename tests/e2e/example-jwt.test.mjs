// The example jwt: a socket is open for as long as its token is valid, and its token can be renewed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { client, connected, startExample, useBrowser } from "./example.mjs";
import { next } from "./server.mjs";

const open = useBrowser();

const start = (t, seconds = 60) => startExample(t, "jwt", { env: { TOKEN_SECONDS: `${seconds}` } });

async function login({ url }, method, { body, cookie } = {}) {
  // Of a connection that is kept, the server may tire while we are slow.
  const headers = { connection: "close", "content-type": "application/json", ...(cookie && { cookie }) };
  const response = await fetch(`${url}/login`, { method, headers, body: body && JSON.stringify(body) });
  const set = response.headers.get("set-cookie");
  return { status: response.status, set, cookie: set?.split(";")[0], text: await response.text() };
}

/** Logs in: the cookie, and the first token. */
async function loggedIn(server, name) {
  const { cookie, set, text } = await login(server, "POST", { body: { name, password: name } });
  assert.match(set, /HttpOnly; SameSite=Strict; Path=\/login/);
  return { cookie, ...JSON.parse(text) };
}

async function enter(t, server, { token }) {
  const socket = client(t, server, { auth: { token } });
  [socket.welcome] = await next(socket, "welcome");
  return socket;
}

const refusal = async (t, server, token) => (await next(client(t, server, { auth: { token } }), "connect_error"))[0].message;

test("who logs in gets a token, and with it a socket", async (t) => {
  const server = await start(t);
  const ann = await loggedIn(server, "ann");
  assert.equal(ann.expires_in, 60);
  const socket = await enter(t, server, ann);
  const { name, role, expires_in } = socket.welcome;
  assert.deepEqual([name, role], ["ann", "admin"]);
  assert.ok(expires_in > 50 && expires_in <= 60, `${expires_in}`);

  assert.equal((await login(server, "POST", { body: { name: "ann", password: "ben" } })).status, 401);
  assert.equal((await login(server, "PUT")).status, 401);
  assert.equal(await refusal(t, server, "nonsense"), "token_invalid");
  assert.equal(await refusal(t, server, `${ann.token}x`), "token_invalid");
  // The cookie's token is good for renewals only, and the other for sockets only.
  assert.equal(await refusal(t, server, ann.cookie.replace("renewal=", "")), "token_invalid");
  assert.equal((await login(server, "PUT", { cookie: `renewal=${ann.token}` })).status, 401);
});

test("a token that is renewed in time keeps the socket, one that is not ends it", async (t) => {
  const server = await start(t, 16);
  const ann = await loggedIn(server, "ann");
  const renews = await enter(t, server, ann);
  const told = next(renews, "token_expires");
  const ben = await loggedIn(server, "ben");
  const stays = await enter(t, server, ben);
  const ended = next(stays, "disconnect");
  assert.ok((await told)[0].expires_in <= 8);
  const { text } = await login(server, "PUT", { cookie: ann.cookie });
  const left = await renews.emitWithAck("renew", JSON.parse(text));
  assert.ok(left > 8, `${left}`);
  assert.equal((await ended)[0], "io server disconnect");
  assert.equal(await refusal(t, server, ben.token), "token_expired");
  assert.ok(renews.connected);
});

test("a socket stays whose it is", async (t) => {
  const server = await start(t);
  const [ann, ben] = [await loggedIn(server, "ann"), await loggedIn(server, "ben")];
  const socket = await enter(t, server, ben);
  const { error } = await socket.emitWithAck("renew", { token: ann.token });
  assert.match(error.message, /somebody else/);
});

test("an admin disconnects others, a member does not, and a logout ends all sockets", async (t) => {
  const server = await start(t);
  const [ann, ben] = [await loggedIn(server, "ann"), await loggedIn(server, "ben")];
  const [admin, member] = [await enter(t, server, ann), await enter(t, server, ben)];
  const { error } = await member.emitWithAck("disconnect_user", { name: "ann" });
  assert.match(error.message, /Only admins/);
  const ended = next(member, "disconnect");
  await admin.emitWithAck("disconnect_user", { name: "ben" });
  assert.equal((await ended)[0], "io server disconnect");

  const [here, there] = [next(admin, "disconnect"), next(await enter(t, server, ann), "disconnect")];
  const { status, set } = await login(server, "DELETE", { cookie: ann.cookie });
  assert.equal(status, 204);
  assert.match(set, /^renewal=; .*Max-Age=0/);
  for (const [reason] of await Promise.all([here, there])) assert.equal(reason, "io server disconnect");
});

test("in the browser: the page renews its token, or else its socket ends", async (t) => {
  const server = await start(t, 6);
  const page = await open(t, server.url);
  await page.getByLabel("Name", { exact: true }).fill("ann");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator("#login .error", { hasText: "no such name" }).waitFor();
  await page.getByLabel("Password").fill("ann");
  await page.getByRole("button", { name: "Log in" }).click();
  await connected(page);
  const line = (text) => page.locator("#log li", { hasText: text }).first().waitFor();
  await line("The token was renewed.");

  await page.reload(); // still logged in, by the cookie
  await connected(page);
  await page.getByLabel("Renew it in time").uncheck();
  await line("Disconnected: io server disconnect");
  await page.getByLabel("Renew it in time").check();
  await page.getByRole("button", { name: "Connect again" }).click();
  await connected(page);
  await page.getByRole("button", { name: "Log out everywhere" }).click();
  await page.locator("#login").waitFor();
  await page.reload();
  await page.locator("#status", { hasText: "Logged out" }).waitFor();
});
