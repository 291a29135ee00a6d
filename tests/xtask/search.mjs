// Searches the built guide as its pages do: `node search.mjs FOLDER`. Fails unless words lead to their pages, and every
// page can be found.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { createContext, runInContext } from "node:vm";

/** Words that a reader may look for, and the page that has the answer. */
const KNOWN = {
  adapter: "own-adapter.html",
  authorise: "howto-authorise.html",
  contract: "contract.html",
  count: "howto-count-users.html",
  descriptors: "deployment.html",
  emitter: "emitter.html",
  metrics: "observability.html",
  msgpack: "parsers.html",
  options: "options.html",
  parser: "own-parser.html",
  presence: "presence.html",
  rates: "howto-rates.html",
  recovery: "recovery.html",
  test: "testing.html",
  typescript: "contract.html",
  upload: "howto-upload.html",
};

const NOT_FOR_SEARCH = new Set(["404.html", "index.html", "print.html", "toc.html"]);

const [folder] = process.argv.slice(2);
const files = readdirSync(folder);
const window = { search: {} };
const page = createContext({ window });
for (const script of ["elasticlunr-", "searchindex-"]) {
  const file = files.find((name) => name.startsWith(script));
  assert.ok(file, `there is no ${script}*: is the search switched off?`);
  runInContext(readFileSync(path.join(folder, file), "utf8"), page);
}

const { doc_urls: addresses, index, search_options: options } = window.search;
const pages = new Set(addresses.map((address) => address.split("#")[0]));
for (const name of files.filter((name) => name.endsWith(".html") && !NOT_FOR_SEARCH.has(name))) {
  assert.ok(pages.has(name), `${name} cannot be found`);
}
page.index = index;
const searcher = runInContext("elasticlunr.Index.load(index)", page);
for (const [word, expected] of Object.entries(KNOWN)) {
  const found = searcher.search(word, options).map(({ ref }) => addresses[ref].split("#")[0]);
  assert.ok(found.slice(0, 10).includes(expected), `\`${word}\` does not lead to ${expected}, but to ${found}`);
}
