// The AsyncAPI document in the built guide, which GUIDE names, as a browser shows it. A step of its own runs this, when the
// guide is built: `cargo xtask test --only guide`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch, newPage } from "../browser.mjs";

const PAGE = pathToFileURL(join(process.env.GUIDE, "contract.html")).href;
const DOCUMENT = fileURLToPath(new URL("../../../guide/samples/src/contract/chat.asyncapi.json", import.meta.url));
const WAIT = 120_000; // ms: the component is three megabytes of JavaScript

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function open(t, options) {
  const page = await newPage(t, browser, options);
  const elsewhere = [];
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) elsewhere.push(request.url());
  });
  t.after(() => assert.deepEqual(elsewhere, [], "the guide needs no network"));
  page.setDefaultTimeout(WAIT);
  await page.goto(PAGE);
  await page.locator(".asyncapi .aui-root").waitFor();
  return page;
}

/** What the component shows of an operation, by its id. */
const operation = (page, id) =>
  page.locator(".asyncapi li", { has: page.getByText(id, { exact: true }) }).filter({ hasText: "Operation ID" });

test("the page shows the namespace, the messages, their fields, and which are broadcast", async (t) => {
  const page = await open(t);
  const shown = JSON.parse(await page.locator(".asyncapi + details code").textContent());
  assert.deepEqual(shown, JSON.parse(await readFile(DOCUMENT, "utf8")));

  const say = operation(page, "main-receive-say");
  assert.match(await say.locator("h3").first().innerText(), /clients emit with ack\s+\//i);
  await say.getByText("receive-say", { exact: true }).first().waitFor();
  await say.getByText("Expand all").first().click();
  await say.getByText("answers", { exact: true }).waitFor();
  await say.getByText("The message that it answers.").waitFor();
  assert.equal(await say.getByText("#broadcast", { exact: true }).count(), 0);

  const said = operation(page, "main-send-said");
  await said.getByText("Somebody else has said something.").first().waitFor();
  await said.getByText("#broadcast", { exact: true }).waitFor();
});

test("it is light or dark as the book is", async (t) => {
  const filter = async (colorScheme) => {
    const page = await open(t, { colorScheme });
    return page.locator(".asyncapi").evaluate((shown) => getComputedStyle(shown).filter);
  };
  assert.equal(await filter("light"), "none");
  assert.match(await filter("dark"), /invert/);
});
