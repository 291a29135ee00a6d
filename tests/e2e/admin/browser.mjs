// What an operator does with the page of @socket.io/admin-ui.

import { newPage } from "../browser.mjs";

/** The page as one server has it. What it would load from other hosts, fonts and icons, it does not get. */
export async function open(t, browser, { url }) {
  const page = await newPage(t, browser, { locale: "en" });
  await page.route(({ hostname }) => hostname !== "127.0.0.1", (route) => route.abort());
  await page.goto(`${url}/admin-page/`);
  return page;
}

export async function logIn(page, { url }, password) {
  await page.getByLabel("Server URL").fill(url);
  await page.getByLabel("Username").fill("admin");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Connect" }).click();
}

/** How the page talks to its server. */
export async function chooseParser(page, name) {
  await page.getByText("Advanced options").click();
  // What is seen of the list hides the field that has the label; it moves while the options unfold.
  await page.locator(".v-select__slot").filter({ has: page.getByLabel("Parser") }).click();
  await page.getByRole("option", { name }).click();
}

export async function isConnected(page) {
  await page.getByRole("banner").getByText("connected", { exact: true }).first().waitFor();
  await page.locator(".v-dialog--active").waitFor({ state: "hidden" });
}

export const go = (page, view) => page.getByRole("navigation").getByRole("link", { name: view, exact: true }).click();

/** What is about one thing: the row of a table, not of that which leaves. */
export const row = (page, text) => page.locator("tbody tr:visible").filter({ hasText: text });
