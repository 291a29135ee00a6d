// The example who-is-online: a person counts once, and a word reaches all of their devices.

import assert from "node:assert/strict";
import { test } from "node:test";
import { client, connected, startExample, useBrowser } from "./example.mjs";
import { next, within } from "./server.mjs";

const open = useBrowser();

async function enter(t, server, name, device = "desktop") {
  const socket = client(t, server, { auth: { name, device } });
  [socket.state] = await next(socket, "presence_state");
  return socket;
}

/** The next change in which `holds` finds what it looks for. */
function change(socket, holds) {
  const told = new Promise((resolve) => {
    socket.on("presence_diff", (diff) => holds(diff) && resolve(diff));
  });
  return within(told, `change with ${holds}`);
}

const of = (people, name) => people.find(({ key }) => key === name)?.metas;

test("who comes, changes and goes is told, each once", async (t) => {
  const server = await startExample(t, "who-is-online");
  const ann = await enter(t, server, "Ann");
  const came = change(ann, ({ joins }) => of(joins, "Ben"));
  const ben = await enter(t, server, "Ben", "phone");
  assert.deepEqual(of((await came).joins, "Ben").map(({ device, activity }) => [device, activity]), [["phone", "active"]]);
  assert.ok(of(ben.state.present, "Ann"));

  const second = change(ann, ({ updates }) => of(updates, "Ben")?.length === 2);
  const laptop = await enter(t, server, "Ben", "laptop");
  await second;
  const away = change(ann, ({ updates }) => of(updates, "Ben")?.some(({ activity }) => activity === "away"));
  laptop.emit("set", "away");
  await away;
  const one = change(ann, ({ updates }) => of(updates, "Ben")?.length === 1);
  laptop.disconnect();
  await one;
  const gone = change(ann, ({ leaves }) => leaves.includes("Ben"));
  ben.disconnect();
  await gone;
  const seen = await ann.emitWithAck("last_seen", "Ben");
  assert.ok(Math.abs(Date.now() - seen) < 60_000, `${seen}`);
  assert.equal(await ann.emitWithAck("last_seen", "Nobody"), null);
});

test("a word reaches all devices of a person and nobody else, from a page and over HTTP", async (t) => {
  const server = await startExample(t, "who-is-online", { env: { NOTIFY_SECRET: "changeme" } });
  const ann = await enter(t, server, "Ann");
  const devices = [await enter(t, server, "Ben", "phone"), await enter(t, server, "Ben", "laptop")];
  const others = [];
  ann.on("word", (word) => others.push(word));
  const heard = devices.map((socket) => next(socket, "word"));
  assert.deepEqual(await ann.emitWithAck("tell", { to: "Ben", text: "Tea?" }), { devices: 2 });
  for (const word of heard) assert.deepEqual((await word)[0], { from: "Ann", text: "Tea?" });
  assert.deepEqual(await ann.emitWithAck("tell", { to: "Carl", text: "Tea?" }), { devices: 0 });

  const again = devices.map((socket) => next(socket, "word"));
  const notify = (body, authorization = "Bearer changeme") =>
    fetch(`${server.url}/notify/Ben`, { method: "POST", body, headers: { authorization } });
  for (const wrong of ["", "Bearer", "Bearer changemf", "Bearer changeme!", "changeme"]) {
    assert.equal((await notify("Not from us.", wrong)).status, 401);
  }
  const response = await notify("The build is red.");
  assert.deepEqual(await response.json(), { devices: 2 });
  for (const word of again) assert.deepEqual((await word)[0], { from: "the server", text: "The build is red." });
  assert.equal((await notify("")).status, 400);
  await ann.emitWithAck("last_seen", "Ben"); // behind everything that was sent to Ann
  assert.deepEqual(others, []);
});

test("names that cannot be are refused, and too many devices", async (t) => {
  const server = await startExample(t, "who-is-online");
  for (const auth of [{ name: "", device: "phone" }, { name: "x".repeat(25), device: "phone" }, { name: "Ann" }]) {
    const [error] = await next(client(t, server, { auth }), "connect_error");
    assert.match(error.message, /up to 24 characters|missing field/);
  }
  const [reserved] = await next(client(t, server, { auth: { name: "the server", device: "phone" } }), "connect_error");
  assert.equal(reserved.message, "Nobody is called so.");
  for (let n = 0; n < 20; n++) await enter(t, server, "Ann");
  const [error] = await next(client(t, server, { auth: { name: "Ann", device: "phone" } }), "connect_error");
  assert.equal(error.message, "too many connections of this user");
});

test("in the browser: two tabs are one person, who is told in both", async (t) => {
  const server = await startExample(t, "who-is-online");
  const enterPage = async (name, device) => {
    const page = await open(t, server.url);
    await page.getByLabel("Your name").fill(name);
    await page.getByLabel("Device").selectOption(device);
    await page.getByRole("button", { name: "Come in" }).click();
    await connected(page);
    return page;
  };
  const ann = await enterPage("Ann", "desktop");
  const [phone, laptop] = [await enterPage("Ben", "phone"), await enterPage("Ben", "laptop")];
  await ann.locator("#people li", { hasText: "Ben" }).locator(".tag").nth(1).waitFor();
  assert.equal(await ann.locator("#people-count").textContent(), "2");
  assert.equal(await ann.locator("#device-count").textContent(), "3");
  await ann.getByLabel("To whom").fill("Ben");
  await ann.getByLabel("What", { exact: true }).fill("<i>Tea?</i>");
  await ann.getByRole("button", { name: "Send" }).click();
  for (const page of [phone, laptop]) await page.locator("#log li", { hasText: "Ann: <i>Tea?</i>" }).waitFor();
  await ann.locator("#log li", { hasText: "You told Ben, on 2 devices." }).waitFor();
  await phone.context().close();
  await laptop.context().close();
  await ann.locator("#log li", { hasText: "Ben has gone" }).waitFor();
});
