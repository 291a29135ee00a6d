// What all examples have in common: they are listed; and those with a page: the command line, and their files.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { runExample, startExample } from "./example.mjs";

const EXAMPLES = [
  "embedding", "jwt", "private-messaging", "recovery", "slow-consumers", "telemetry", "whiteboard", "who-is-online",
];

const ROOT = new URL("../../", import.meta.url);

test("every example has a README, and is in both lists", async () => {
  const read = (path) => readFile(new URL(path, ROOT), "utf8");
  const [list, guide] = [await read("examples/README.md"), await read("guide/src/examples.md")];
  const folders = (await readdir(new URL("examples/", ROOT), { withFileTypes: true })).filter((entry) => entry.isDirectory());
  assert.ok(folders.length > EXAMPLES.length);
  // What they share is none of them.
  for (const { name } of folders.filter(({ name }) => name !== "page")) {
    assert.ok(list.includes(`](${name})`), name);
    assert.ok(guide.includes(`| \`${name}\` |`), name);
    assert.match(await read(`examples/${name}/README.md`), new RegExp(`^# ${name}\n`), name);
  }
});

for (const name of EXAMPLES) {
  test(`${name}: help, the page and all that it includes, and a good end`, async (t) => {
    const help = runExample(t, name, ["--help"]);
    assert.equal((await help.end())[0], 0);
    assert.match(help.out, new RegExp(`Usage: ${name} `));

    const example = await startExample(t, name);
    const page = await fetch(example.url);
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
    assert.match(page.headers.get("content-security-policy"), /^default-src 'self';/);
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css|svg))"/g)].map(([, path]) => path);
    assert.ok(files.length >= 3, html);
    for (const path of files) {
      const file = await fetch(new URL(path, example.url));
      assert.equal(file.status, 200, path);
      for (const [, included] of (await file.text()).matchAll(/^import .* from "([^"]+)";$/gm)) {
        assert.equal((await fetch(new URL(included, example.url))).status, 200, `${included} of ${path}`);
      }
    }
    assert.equal((await fetch(`${example.url}/Cargo.toml`)).status, 404);

    example.kill("SIGTERM");
    assert.deepEqual(await example.end(), [0, null]);
  });
}

test("a port that is taken, and an option that is none, are named", async (t) => {
  const { port } = new URL((await startExample(t, "whiteboard")).url);
  const second = runExample(t, "whiteboard", ["--port", port]);
  assert.equal((await second.end())[0], 1);
  assert.match(second.err, new RegExp(`port ${port} \\(choose another with --port\\): Address already in use`));
  const mistake = runExample(t, "whiteboard", ["--colour"]);
  assert.equal((await mistake.end())[0], 1);
  assert.match(mistake.err, /Usage: whiteboard \[--port PORT\]/);
});
