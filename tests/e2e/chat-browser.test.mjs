// The chat example in a real browser. CHAT_BIN names the chat's binary.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { launch, newPage } from "./browser.mjs";
import { freePort } from "../ports.mjs";
import { next, within } from "../waiting.mjs";

const CHAT_BIN = process.env.CHAT_BIN;

let browser;

before(async () => {
  assert.ok(CHAT_BIN, "CHAT_BIN must name the chat's binary");
  browser = await launch();
});

after(() => browser?.close());

async function startChat(t, port = 0) {
  const child = spawn(CHAT_BIN, ["--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await within(exited, "end of the chat");
  };
  t.after(stop);
  const [line] = await next(createInterface({ input: child.stdout }), "line");
  const url = /^chat listening on (http:\S+)$/.exec(line)?.[1];
  assert.ok(url, line);
  return { url, stop };
}

/** The chat's page. */
async function openPage(t, url, options) {
  const page = await newPage(t, browser, { reducedMotion: "reduce", ...options });
  await page.addInitScript(() => {
    const Original = WebSocket;
    globalThis.webSockets = [];
    globalThis.WebSocket = class extends Original {
      constructor(url, ...args) {
        // While it is cut off, it gets no further than a path that the server does not have.
        super(globalThis.isCut ? String(url).replace("/socket.io/", "/nowhere/") : url, ...args);
        globalThis.webSockets.push(this);
      }
    };
  });
  await page.goto(url);
  return page;
}

const field = (page, id) => page.getByTestId(id);
const connected = (page) => page.locator('[data-testid="status"][data-state="connected"]').waitFor();

async function enter(page, nick) {
  await field(page, "nick-input").fill(nick);
  await field(page, "nick-submit").click();
  await connected(page);
}

async function join(t, url, nick, room, options) {
  const page = await openPage(t, `${url}/#${room}`, options);
  await enter(page, nick);
  await memberIs(page, nick);
  return page;
}

async function say(page, text) {
  await field(page, "message-input").fill(text);
  await field(page, "message-input").press("Enter");
}

const message = (page, text) =>
  page.locator(".message[data-seq] .text").getByText(text, { exact: true });
const sees = (page, text) => message(page, text).waitFor();
const member = (page, nick) =>
  field(page, "members").locator(".name").getByText(nick, { exact: true });
const memberIs = (page, nick) => member(page, nick).waitFor({ state: "attached" });
const focusedId = (page) => page.evaluate(() => document.activeElement.id);

/** The numbered messages on screen, in their order. */
const transcript = (page) =>
  page.locator(".message[data-seq]").evaluateAll((items) =>
    items.map((item) => ({
      seq: Number(item.dataset.seq),
      from: item.dataset.from,
      text: item.querySelector(".text").textContent,
    })),
  );

const hasMessages = (page, count) =>
  page.waitForFunction(
    (wanted) => document.querySelectorAll(".message[data-seq]").length === wanted,
    count,
  );

test("two people in one room see each other, what they write and that they type", async (t) => {
  const { url } = await startChat(t);
  const ada = await join(t, url, "Ada", "tea");
  const ben = await join(t, url, "Ben", "tea");
  await memberIs(ada, "Ben");
  await memberIs(ben, "Ada");
  await ada.getByText("Ben joined").waitFor();

  await field(ben, "message-input").pressSequentially("Good");
  await field(ada, "typing").getByText("Ben is typing…").waitFor();
  await say(ben, "Good morning");
  await sees(ada, "Good morning");
  await ada.waitForFunction(() => !document.querySelector("[data-testid=typing]").textContent);

  await say(ada, "<img src=x onerror=alert(1)> & <b>so on</b>");
  await sees(ben, "<img src=x onerror=alert(1)> & <b>so on</b>");
  assert.equal(await ben.locator(".log img, .log b").count(), 0);
  await Promise.all([hasMessages(ada, 2), hasMessages(ben, 2)]);
  assert.deepEqual(await transcript(ada), await transcript(ben));
  assert.deepEqual((await transcript(ada)).map(({ from, seq }) => [from, seq]), [["Ben", 1], ["Ada", 2]]);

  await ben.context().close();
  await ada.getByText("Ben left").waitFor();
  assert.equal(await field(ada, "members").locator("li").count(), 1);
});

/** How far two pictures are apart on average, in pieces of some letters: 0 to 255. Runs in a page. */
async function differenceOf(pictures) {
  const [WIDTH, HEIGHT] = [112, 64];
  const pixels = async (picture) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d");
    canvas.imageSmoothingQuality = "high";
    canvas.drawImage(image, 0, 0, WIDTH, HEIGHT);
    return canvas.getImageData(0, 0, WIDTH, HEIGHT).data;
  };
  const [one, other] = await Promise.all(pictures.map(pixels));
  return one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length;
}

test("a room with several people has its picture, which is the README's", async (t) => {
  const { url } = await startChat(t);
  const size = { viewport: { width: 1120, height: 640 }, deviceScaleFactor: 1, colorScheme: "light" };
  const ada = await join(t, url, "Ada", "launch", size);
  const ben = await join(t, url, "Ben", "launch");
  const chandra = await join(t, url, "Chandra", "launch");
  const talk = [
    [ada, "Is the second node up?"],
    [ben, "Up and in the cluster. HAProxy sends it a third of the new clients."],
    [chandra, "I restarted the first one meanwhile. Did anybody notice?"],
    [ada, "No. My page did not blink."],
    [ben, "Nor mine, and nothing is missing."],
  ];
  for (const [page, text] of talk) {
    await say(page, text);
    await sees(ada, text);
  }
  await field(chandra, "message-input").pressSequentially("So we");
  await field(ada, "typing").getByText("Chandra is typing…").waitFor();
  await ada.evaluate(() => document.fonts.ready);
  const picture = await ada.screenshot({ animations: "disabled", caret: "hide", path: process.env.SCREENSHOT });
  const readme = await readFile(new URL("../../examples/chat/screenshot.png", import.meta.url));
  for (const [at, pixels] of [[16, size.viewport.width], [20, size.viewport.height]]) {
    assert.equal(picture.readUInt32BE(at), pixels);
    assert.equal(readme.readUInt32BE(at), pixels);
  }
  // The times of day are others, and so may be the fonts.
  const blank = await ada.context().newPage();
  const difference = await blank.evaluate(differenceOf, [picture, readme].map((file) => file.toString("base64")));
  assert.ok(difference < 2, `the README's picture is another, by ${difference} of 255: renew it (CONTRIBUTING.md)`);
  assert.deepEqual((await transcript(ada)).map(({ text }) => text), talk.map(([, text]) => text));
});

test("who was offline catches up in order and without duplicates", async (t) => {
  const { url } = await startChat(t);
  const ada = await join(t, url, "Ada", "tea");
  const ben = await join(t, url, "Ben", "tea");
  await say(ada, "before");
  await sees(ben, "before");

  await ada.context().setOffline(true);
  await ada.locator('[data-testid="status"][data-state="offline"]').waitFor();
  await ada.getByText("You are offline.").waitFor();
  for (const text of ["one", "two", "three"]) {
    await say(ben, text);
    await sees(ben, text);
  }
  await say(ada, "written offline");
  assert.equal(await message(ada, "one").count(), 0);
  assert.equal(await message(ada, "written offline").count(), 0);

  await ada.context().setOffline(false);
  await connected(ada);
  await sees(ada, "written offline");
  await sees(ben, "written offline");
  await say(ben, "after");
  await Promise.all([sees(ada, "after"), sees(ben, "after")]);
  const expected = ["before", "one", "two", "three", "written offline", "after"];
  assert.deepEqual((await transcript(ada)).map(({ text }) => text), expected);
  assert.deepEqual(await transcript(ada), await transcript(ben));
  assert.equal(await ada.locator(".message.pending, .message.failed").count(), 0);
});

test("a connection that breaks comes back by itself", async (t) => {
  const { url } = await startChat(t);
  const ada = await join(t, url, "Ada", "tea");
  const ben = await join(t, url, "Ben", "tea");
  await say(ben, "before");
  await sees(ada, "before");
  await ada.evaluate(() => {
    globalThis.isCut = true;
    globalThis.webSockets.at(-1).close();
  });
  await ada.locator('[data-testid="status"][data-state="reconnecting"]').waitFor();
  await say(ben, "meanwhile");
  await sees(ben, "meanwhile");
  await ada.evaluate(() => (globalThis.isCut = false));
  await connected(ada);
  await sees(ada, "meanwhile");
  assert.deepEqual(await transcript(ada), await transcript(ben));
  assert.ok((await ada.evaluate(() => globalThis.webSockets.length)) >= 2);

  // What is known already is not shown again, as when history and broadcast overlap.
  const again = { room: "tea", seq: 2, from: "Ben", text: "meanwhile", at: Date.now() };
  await ada.evaluate((data) => {
    globalThis.webSockets.at(-1).dispatchEvent(new MessageEvent("message", { data }));
  }, `42${JSON.stringify(["message", again])}`);
  await say(ben, "afterwards");
  await Promise.all([sees(ada, "afterwards"), sees(ben, "afterwards")]);
  assert.deepEqual(await transcript(ada), await transcript(ben));
});

test("a restart of the server starts the room anew", async (t) => {
  const port = await freePort();
  const first = await startChat(t, port);
  const ada = await join(t, first.url, "Ada", "tea");
  const ben = await join(t, first.url, "Ben", "tea");
  await say(ada, "old");
  await say(ada, "older");
  // What she has no answer to she would say again to the new server.
  await Promise.all([sees(ada, "older"), sees(ben, "older")]);
  await first.stop();
  await ada.locator('[data-testid="status"][data-state="reconnecting"]').waitFor();
  await startChat(t, port);
  await Promise.all([connected(ada), connected(ben)]);
  await Promise.all([memberIs(ada, "Ben"), memberIs(ben, "Ada")]);
  await say(ben, "new");
  await Promise.all([sees(ada, "new"), sees(ben, "new")]);
  assert.deepEqual(await transcript(ada), [{ seq: 1, from: "Ben", text: "new" }]);
});

test("a newcomer reads the last 50 messages; rooms are apart", async (t) => {
  const { url } = await startChat(t);
  const ada = await join(t, url, "Ada", "tea");
  for (let number = 1; number <= 53; number++) await say(ada, `message ${number}`);
  await hasMessages(ada, 53);
  const ben = await join(t, url, "Ben", "tea");
  await hasMessages(ben, 50);
  assert.deepEqual(await transcript(ben), (await transcript(ada)).slice(3));

  const carl = await join(t, url, "Carl", "coffee");
  await say(carl, "only for coffee");
  await sees(carl, "only for coffee");
  await field(ben, "room-list").getByRole("button", { name: "coffee" }).click();
  await sees(ben, "only for coffee");
  assert.equal(await message(ben, "message 53").count(), 0);
  assert.equal(await message(ada, "only for coffee").count(), 0);
  await say(ada, "unread");
  await field(ben, "room-list").getByRole("button", { name: /tea.*1 unread/ }).click();
  await sees(ben, "unread");
  await ben.getByRole("button", { name: "Leave" }).click();
  await ada.getByText("Ben left").waitFor();
});

test("a name that is taken or empty is refused, and the next one is remembered", async (t) => {
  const { url } = await startChat(t);
  await join(t, url, "Ada", "tea");
  const other = await openPage(t, `${url}/#tea`);
  await field(other, "nick-submit").click();
  await other.getByRole("alert").getByText("Please write a name.").waitFor();
  await field(other, "nick-input").fill("Ada");
  await field(other, "nick-submit").click();
  await other.waitForFunction(() => document.querySelector("[role=alert]").textContent !== "");
  assert.equal(await field(other, "nick-input").getAttribute("aria-invalid"), "true");
  await enter(other, "Ben");
  await memberIs(other, "Ben");
  await other.reload();
  await connected(other);
  await memberIs(other, "Ben");
  assert.equal(await other.locator("dialog[open]").count(), 0);
});

test("the keyboard is enough", async (t) => {
  const { url } = await startChat(t);
  const page = await openPage(t, url);
  await page.waitForFunction(() => document.activeElement.id === "nick-input");
  await page.keyboard.type("Ada");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "message-input");
  await memberIs(page, "Ada");
  await page.keyboard.type("by keyboard");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("in two lines");
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    () => document.querySelector(".message[data-seq] .text")?.textContent === "by keyboard\nin two lines",
  );

  await page.keyboard.press("Control+k");
  assert.equal(await focusedId(page), "room-input");
  await page.keyboard.type("Second Room");
  await page.getByText("Enter creates #second-room").waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "#second-room" }).waitFor();
  await page.waitForURL(`${url}/#second-room`);
  await page.waitForFunction(() => document.activeElement.id === "message-input");

  await page.keyboard.press("Control+k");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.room), "lobby");
  await page.keyboard.press("End");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.room), "second-room");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "#lobby" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  assert.equal(await focusedId(page), "message-input");

  // Tab reaches every control in turn, and each one shows that it has the focus.
  const reached = new Set();
  for (let steps = 0; steps < 20; steps++) {
    await page.keyboard.press("Tab");
    const { name, visible } = await page.evaluate(() => {
      const { activeElement: node } = document;
      const styles = [node, node.closest("form") ?? node].map((part) => getComputedStyle(part));
      return {
        name: node.id || node.dataset.room || node.dataset.testid || node.className || node.tagName,
        visible: node === document.body || styles.some(({ outlineStyle }) => outlineStyle !== "none"),
      };
    });
    assert.ok(visible, `the focus shows on ${name}`);
    reached.add(name);
  }
  for (const name of [
    "skip", "nick-change", "theme", "room-input", "lobby", "copy-link", "leave",
    "message-list", "message-input", "send",
  ]) {
    assert.ok(reached.has(name), `Tab reaches ${name}, of ${[...reached]}`);
  }
});

test("screen readers get names, landmarks and live regions", async (t) => {
  const { url } = await startChat(t);
  const page = await openPage(t, `${url}/#tea`);
  await checkNames(page);
  await enter(page, "Ada");
  await memberIs(page, "Ada");
  await say(page, "hello");
  await sees(page, "hello");
  await checkNames(page);
  for (const role of ["banner", "navigation", "main", "complementary", "log", "status"]) {
    assert.equal(await page.getByRole(role).count(), 1, role);
  }
  assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
  assert.equal(await page.getByRole("textbox", { name: "Message", exact: true }).count(), 1);
  assert.equal(await page.getByRole("log", { name: "Messages in tea" }).count(), 1);
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  assert.match(await page.title(), /tea/);
  assert.ok(await field(page, "typing").getAttribute("aria-live"));
  const repeated = await page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
  });
  assert.deepEqual(repeated, []);
});

/** What the browser tells assistive technology: everything that can be operated has a name. */
async function checkNames(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const operable = ["button", "link", "textbox", "dialog", "list", "log", "navigation", "main"];
  const nameless = nodes
    .filter(({ ignored, role }) => !ignored && operable.includes(role?.value))
    .filter(({ name }) => !name?.value.trim());
  assert.deepEqual(nameless.map(({ role }) => role.value), []);
}

for (const colorScheme of ["light", "dark"]) {
  test(`text has enough contrast (WCAG AA), ${colorScheme}`, async (t) => {
    const { url } = await startChat(t);
    const ada = await join(t, url, "Ada", "tea", { colorScheme });
    assert.deepEqual(await ada.evaluate(findLowContrast), []);
    const ben = await join(t, url, "Ben", "tea");
    await say(ben, "from another");
    await sees(ada, "from another");
    await say(ada, "from myself");
    await sees(ada, "from myself");
    await ada.context().setOffline(true);
    await ada.locator('[data-testid="status"][data-state="offline"]').waitFor();
    await say(ada, "waiting");
    await ada.getByText("waiting").waitFor();
    assert.deepEqual(await ada.evaluate(findLowContrast), []);
  });
}

/** Runs in the page: texts whose contrast with what is behind them is below 4.5 to 1. */
function findLowContrast() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let part = node; part; part = part.parentElement) {
      const color = rgba(getComputedStyle(part).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgba("white");
  };
  const low = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.checkVisibility() || node.closest("[aria-hidden=true], :disabled")) continue;
    const values = [rgba(getComputedStyle(node).color), behind(node)].map(luminance);
    const ratio = (Math.max(...values) + 0.05) / (Math.min(...values) + 0.05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} for "${node.textContent.trim()}"`);
  }
  return low;
}

test("a phone has the same, in drawers", async (t) => {
  const { url } = await startChat(t);
  const page = await join(t, url, "Ada", "tea", { viewport: { width: 360, height: 740 } });
  await say(page, `a long word ${"x".repeat(200)}`);
  await hasMessages(page, 1);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.equal(overflow, 0);
  assert.equal(await field(page, "room-list").isVisible(), false);
  await page.getByRole("button", { name: "Rooms" }).click();
  await field(page, "room-list").waitFor();
  assert.equal(await focusedId(page), "room-input");
  await page.keyboard.press("Escape");
  await field(page, "room-list").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "People here" }).click();
  await member(page, "Ada").waitFor();
});

test("the choice between light and dark is remembered", async (t) => {
  const { url } = await startChat(t);
  const page = await join(t, url, "Ada", "tea", { colorScheme: "light" });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole("button", { name: "Dark mode" }).click();
  const dark = await background();
  assert.notEqual(dark, light);
  await page.reload();
  await connected(page);
  assert.equal(await background(), dark);
  assert.equal(await page.getByRole("button", { name: "Dark mode" }).getAttribute("aria-pressed"), "true");
});
