// What the soak calls lost, repeated and out of order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Judge } from "./soak/judge.mjs";

const LATER = 5_000; // ms after a receiver has sat down

function scene() {
  const judge = new Judge();
  const seat = judge.sit("tea", "node-1");
  const said = (n) => ({ chain: "ann", n, room: "tea", node: "node-2", begun: Date.now() + LATER });
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
