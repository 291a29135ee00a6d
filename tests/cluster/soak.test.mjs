// What the soak calls lost, repeated and out of order; and the soak itself, for some seconds.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { within } from "./harness.mjs";
import { Judge } from "./soak/judge.mjs";
import { Latency } from "./soak/latency.mjs";
import { verdict } from "./soak/verdict.mjs";

const LATER = 10_000; // ms after a receiver has sat down

function scene() {
  const judge = new Judge();
  const seat = judge.sit("tea", "node-1");
  const said = (n) => ({ chain: "ann", n, to: "tea", node: "node-2", begun: Date.now() + LATER });
  const hear = (...numbers) => numbers.forEach((n) => judge.receive(seat, said(n)));
  return { judge, seat, said, hear };
}

const lost = ({ judge }) => judge.gaps.map((gap) => gap.lost);

test("what comes in order is right", () => {
  const it = scene();
  it.hear(1, 2, 3);
  it.judge.confirm(it.said(3));
  it.judge.settle();
  assert.deepEqual([lost(it), it.judge.repeated, it.judge.disordered], [[], 0, 0]);
});

test("gaps in the middle, at the start and at the end", () => {
  const it = scene();
  it.hear(3, 5);
  it.judge.confirm(it.said(9));
  assert.deepEqual(it.judge.missing([]).map((gap) => gap.lost), [4]);
  it.judge.settle();
  assert.deepEqual(lost(it), [2, 1, 4]);
});

test("a chain of which nothing came is lost for those who were there and for nobody else", () => {
  const it = scene();
  it.judge.sit("coffee", "node-1");
  it.judge.leave(it.judge.sit("tea", "node-1"));
  it.judge.confirm(it.said(2));
  it.judge.confirm({ ...it.said(7), chain: "ben", begun: 0 }); // from before
  it.judge.settle();
  assert.deepEqual(lost(it), [2]);
});

test("repetitions and the wrong order are counted", () => {
  const it = scene();
  it.hear(1, 1, 2, 3, 2);
  assert.deepEqual([it.judge.repeated, it.judge.disordered], [1, 1]);
});

test("a fault explains the gaps of its time and its nodes", () => {
  const it = scene();
  it.hear(2);
  const now = Date.now();
  const fault = { from: now - 10, until: now + LATER + 10 };
  assert.equal(it.judge.unexplained([fault]).length, 0);
  assert.equal(it.judge.unexplained([{ ...fault, nodes: ["node-2"] }]).length, 0);
  assert.equal(it.judge.unexplained([{ ...fault, nodes: ["node-3"] }]).length, 1);
  assert.equal(it.judge.unexplained([{ ...fault, until: now - 1_000 }]).length, 1);
});

test("percentiles", () => {
  const latency = new Latency();
  for (let ms = 1; ms <= 1_000; ms++) latency.record(ms);
  const { events, p50, p99, max } = latency.summary;
  assert.deepEqual([events, max], [1_000, 1_000]);
  assert.ok(p50 >= 500 && p50 < 530 && p99 >= 990 && p99 <= 1_000, `${p50}, ${p99}`);
  assert.equal(new Latency().summary.p99, 0);
});

test("what makes a soak fail", () => {
  const it = scene();
  it.hear(1, 2, 3);
  const same = { memory: 0, descriptors: 0 };
  const good = {
    options: { clients: 2 },
    judge: it.judge,
    faults: [],
    usage: [{ name: "node-1", first: same, last: same }],
    back: 0,
    present: 0,
    empty: 0,
  };
  const failed = (outcome) => verdict(outcome).checks.filter(({ holds }) => !holds).map(({ what }) => what);
  assert.deepEqual([failed(good), verdict(good).passed], [[], true]);
  assert.deepEqual(failed({ ...good, options: { clients: 3 } }), ["clients talked"]);
  assert.deepEqual(failed({ ...good, back: undefined }), ["every client came back"]);
  assert.deepEqual(failed({ ...good, present: undefined }), ["presence is right on every node"]);
  assert.deepEqual(failed({ ...good, empty: undefined }), ["nothing is left when all have gone"]);
  const usage = [{ name: "node-1", first: same, last: { memory: 2 ** 30, descriptors: 100 } }];
  assert.deepEqual(failed({ ...good, usage }), ["memory does not grow", "no descriptors leak"]);
  it.hear(3, 2, 9);
  const outcome = verdict(good);
  assert.deepEqual([outcome.passed, outcome.lost, outcome.unexplained], [false, 5, 5]);
  const reasons = ["no event came twice", "none came out of order", "none was lost that no fault explains"];
  assert.deepEqual(failed(good), reasons);
});

test("some seconds of it", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "soak-report-"));
  t.after(() => rm(folder, { recursive: true }));
  const main = fileURLToPath(new URL("soak/main.mjs", import.meta.url));
  const args = ["--minutes", "0.2", "--clients", "24", "--adapter", "streams", "--recovery"];
  const soak = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, REPORT: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => soak.kill());
  let printed = "";
  soak.stdout.on("data", (data) => (printed += data));
  const [code] = await within(once(soak, "close"), "end of the soak", 120_000);
  assert.equal(code, 0, printed);
  assert.equal(await readFile(path.join(folder, "report.md"), "utf8"), printed.slice(0, -1));
  const report = JSON.parse(await readFile(path.join(folder, "report.json"), "utf8"));
  assert.ok(report.passed && report.delivered > report.sent.to_rooms);
  assert.ok(report.sent.to_users > 0 && report.latency_ms.between_faults.p50 > 0);
  assert.match(report.faults[0].what, /connections to Redis cut/);
  assert.deepEqual(report.processes.map(({ name }) => name), ["redis", "node-1", "node-2", "node-3"]);
});
