// The example private-messaging: who comes back is who they were, and finds what was written to them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { client, connected, startExample, useBrowser } from "./example.mjs";
import { next, until } from "../waiting.mjs";

const open = useBrowser();

/** A client that has connected, and what it was told of itself and of others. */
async function enter(t, server, auth) {
  const socket = client(t, server, { auth });
  const [identity, people] = [next(socket, "identity"), next(socket, "people")];
  return Object.assign(socket, { identity: (await identity)[0], people: (await people)[0] });
}

test("a secret brings the same person back, with what came meanwhile", async (t) => {
  const server = await startExample(t, "private-messaging");
  const ann = await enter(t, server, { name: "Ann" });
  const met = next(ann, "person");
  const online = new Set();
  ann.on("presence_state", ({ present }) => present.forEach(({ key }) => online.add(key)));
  ann.on("presence_diff", ({ joins, leaves }) => {
    joins.forEach(({ key }) => online.add(key));
    leaves.forEach((key) => online.delete(key));
  });
  const ben = await enter(t, server, { name: "Ben" });
  const [annId, benId] = [ann.identity.id, ben.identity.id];
  assert.deepEqual(ben.people, [{ id: annId, name: "Ann", unread: 0 }]);
  assert.deepEqual((await met)[0], { id: benId, name: "Ben", unread: 0 });

  // Who goes before Ann is told of them is not told at all.
  await until("Ann knows that Ben is here", () => online.has(benId));
  ben.disconnect();
  await until("Ann knows that Ben has gone", () => !online.has(benId));
  const sent = await ann.emitWithAck("write", { to: benId, text: "Call me." });
  assert.deepEqual([sent.seq, sent.from, sent.to], [1, annId, benId]);

  const back = await enter(t, server, { secret: ben.identity.secret });
  assert.deepEqual(back.identity, ben.identity);
  assert.deepEqual(back.people, [{ id: annId, name: "Ann", unread: 1 }]);
  assert.deepEqual(await back.emitWithAck("conversation", { with: annId }), [sent]);
  assert.deepEqual(await back.emitWithAck("conversation", { with: annId, after: 1 }), []);
  await back.emitWithAck("read", { with: annId, seq: 1 });
  const again = await enter(t, server, { secret: ben.identity.secret });
  assert.equal(again.people[0].unread, 0);
});

test("all tabs of two people get a message, once, and nobody else", async (t) => {
  const server = await startExample(t, "private-messaging");
  const ann = await enter(t, server, { name: "Ann" });
  const annToo = await enter(t, server, { secret: ann.identity.secret });
  const ben = await enter(t, server, { name: "Ben" });
  const eve = await enter(t, server, { name: "Eve" });
  const heard = new Map([ann, annToo, ben, eve].map((socket) => [socket, []]));
  for (const [socket, messages] of heard) socket.on("message", ({ text }) => messages.push(text));
  for (const text of ["one", "two"]) await ann.emitWithAck("write", { to: ben.identity.id, text });
  await ben.emitWithAck("write", { to: ann.identity.id, text: "three" });
  // Behind everything that they were sent before.
  for (const socket of heard.keys()) await socket.emitWithAck("conversation", { with: ben.identity.id });
  assert.deepEqual([...heard.values()], [["three"], ["one", "two", "three"], ["one", "two"], []]);
});

test("who makes the secret is the same person in the second attempt, whose answer to the first was lost", async (t) => {
  const server = await startExample(t, "private-messaging");
  const auth = { name: "Ann", secret: "5ec2e7".padEnd(32, "0") };
  const lost = await enter(t, server, auth);
  lost.disconnect();
  const ann = await enter(t, server, auth);
  assert.deepEqual(ann.identity, lost.identity);
});

test("names, secrets and receivers that cannot be are refused", async (t) => {
  const server = await startExample(t, "private-messaging");
  const ann = await enter(t, server, { name: "Ann" });
  for (const [auth, reason] of [
    [{ name: "Ann" }, /has this name already/],
    [{ name: "" }, /up to 24 characters/],
    [{ secret: "guessed" }, /unknown_secret/],
    [{ name: "Ben", secret: "short" }, /32 characters/],
    [{}, /unknown_secret/],
  ]) {
    const [error] = await next(client(t, server, { auth }), "connect_error");
    assert.match(error.message, reason);
  }
  // An id is the name of a room; other rooms are none of theirs.
  for (const to of ["nobody", ann.id, ann.identity.id]) {
    const { error } = await ann.emitWithAck("write", { to, text: "hi" });
    assert.match(error.message, /nobody like that/);
  }
});

test("in the browser: after a reload one is the same, and sees what is unread", async (t) => {
  const server = await startExample(t, "private-messaging");
  const enterPage = async (name) => {
    const page = await open(t, server.url);
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Enter" }).click();
    await connected(page);
    return page;
  };
  const contact = (page, name) => page.locator("#people button", { hasText: name });
  const online = (page, name, is) => page.locator(`#people [data-online="${is}"]`, { hasText: name }).waitFor();

  const [ann, ben] = [await enterPage("Ann"), await enterPage("Ben")];
  await online(ann, "Ben", true);
  await ben.goto("about:blank");
  await online(ann, "Ben", false);
  await contact(ann, "Ben").click();
  await ann.getByLabel("Message").fill("<b>Call me</b>");
  await ann.getByLabel("Message").press("Enter");
  await ann.locator("#log .mine", { hasText: "<b>Call me</b>" }).waitFor();

  await ben.goto(server.url);
  await online(ann, "Ben", true);
  assert.equal(await ben.locator("#me").textContent(), "Ben");
  await contact(ben, "Ann").locator(".badge", { hasText: "1" }).waitFor();
  await contact(ben, "Ann").click();
  await ben.locator("#log li", { hasText: "<b>Call me</b>" }).waitFor();
  assert.equal(await ben.locator("#log b").count(), 0);
  await contact(ben, "Ann").locator(".badge").waitFor({ state: "detached" });
  await ben.getByLabel("Message").fill("On my way");
  await ben.getByRole("button", { name: "Send" }).click();
  await ann.locator("#log li:not(.mine)", { hasText: "On my way" }).waitFor();
});
