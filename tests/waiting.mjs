// Waiting, with an end to it.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

export const WAIT = 60_000; // ms; only what fails takes so long
const SELDOM = 100; // ms, between two questions

/** The result of a promise, or an error that says what did not happen. */
export async function within(promise, what, ms = WAIT) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a condition, asked again and again, ever less often; what it says about itself is in the error. */
export async function until(what, condition, ms = WAIT) {
  const end = Date.now() + ms;
  for (let between = 5; ; between = Math.min(between * 1.5, SELDOM)) {
    const value = await condition();
    if (value) return value;
    assert.ok(Date.now() < end, `not within ${ms} ms: ${what}`);
    await pause(between);
  }
}

/** The arguments of the next such event. */
export const next = (emitter, event) =>
  within(new Promise((resolve) => emitter.once(event, (...args) => resolve(args))), `"${event}"`);

/** Collects the arguments of an event. */
export function collect(socket, event) {
  const seen = [];
  socket.on(event, (...args) => seen.push(args));
  return seen;
}
