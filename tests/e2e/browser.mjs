// Headless Chromium. CHROMIUM names it (default: where Debian's package puts it).

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const PATH = process.env.CHROMIUM ?? "/usr/bin/chromium";
const WAIT = 60_000; // ms, as everywhere in these tests

export const launch = () =>
  chromium.launch({
    executablePath: PATH,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });

/** A page of its own browser context, so that nothing is shared; what it logs as an error fails. */
export async function newPage(t, browser, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WAIT);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error));
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors, []);
  });
  return page;
}
