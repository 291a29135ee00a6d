// Whether what arrived is what was recorded. Each function throws with the difference.

import assert from "node:assert/strict";
import { bodyBytes, bodyOf } from "./recorded.mjs";

/** Set by the HTTP stack, not by the protocol. */
const INSIGNIFICANT = new Set(["date", "connection", "keep-alive", "transfer-encoding"]);

export function frame(recorded, actual, { names, decode }) {
  const { type, fin = true, rsv1 = false } = recorded;
  assert.equal(actual.type, type, `a ${type} frame`);
  assert.equal(actual.fin, fin, "FIN");
  assert.equal(actual.rsv1, rsv1, "RSV1, a compressed message");
  if (decode && type === "binary") return message(decode(recorded.payload), decode(actual.payload), names);
  if (type === "close") return assert.deepEqual(close(actual.payload), close(recorded.payload));
  return type === "text"
    ? text(String(recorded.payload), String(actual.payload), names)
    : assert.deepEqual(actual.payload, recorded.payload);
}

const close = (payload) => ({
  code: payload.length ? payload.readUInt16BE(0) : undefined,
  reason: String(payload.subarray(2)),
});

function text(recorded, actual, names) {
  names.learn(recorded, actual);
  assert.equal(actual, names.actual(recorded));
}

/** A packet whose encoding leaves a choice, the order of keys for one. */
function message(recorded, actual, names) {
  const [theirs, ours] = [recorded, actual].map((packet) => JSON.stringify(packet));
  names.learn(theirs, ours);
  assert.deepEqual(actual, JSON.parse(names.actual(theirs)));
}

export function answer(recorded, actual, { names, decode }) {
  assert.ok(!actual.closed || recorded.connectionClosed, "the connection was closed without an answer");
  if (recorded.connectionClosed) return assert.ok(actual.closed, `answered with ${actual.status}`);
  assert.equal(actual.status, recorded.status, `status, body ${actual.body}`);
  body(recorded, actual, { names, decode });
  headers(recorded, actual, names);
}

function body(recorded, actual, { names, decode }) {
  const cut = bodyOf(recorded);
  if (cut?.truncated) {
    assert.equal(actual.body.length, cut.length, "length of the body");
    return assert.equal(actual.body.subarray(0, cut.head.length).toString("latin1"), cut.head);
  }
  const [theirs, ours] = [bodyBytes(recorded), actual.body].map(String);
  if (decode && theirs.startsWith("b")) {
    const packet = (base64) => decode(Buffer.from(base64.slice(1), "base64"));
    return message(packet(theirs), packet(ours), names);
  }
  return text(theirs, ours, names);
}

function headers(recorded, actual, names) {
  const [theirs, ours] = [recorded, actual].map(({ headers }) => significant(headers));
  // Announced or chunked is the HTTP stack's choice; where it was announced it must be.
  if (!("content-length" in theirs) || "content-encoding" in theirs) delete ours["content-length"];
  // RFC 9110, section 8.6: it must not be there, but Node's is.
  if (recorded.status === 204) for (const side of [theirs, ours]) delete side["content-length"];
  for (const name of Object.keys(theirs)) theirs[name] = names.actual(theirs[name]);
  assert.deepEqual(ours, theirs, "headers");
}

function significant(headers) {
  const kept = headers
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name]) => !INSIGNIFICANT.has(name));
  const merged = {};
  for (const [name, value] of kept) merged[name] = name in merged ? `${merged[name]}, ${value}` : value;
  for (const name of Object.keys(merged)) merged[name] = normal(name, merged[name]);
  return merged;
}

function normal(name, value) {
  // HTTP itself sees to the value.
  if (name === "content-length") return "announced";
  if (name === "vary") return value.toLowerCase().split(/,\s*/).sort().join(", ");
  if (name === "content-type") return value.toLowerCase().replace(/;\s*/, "; ");
  return value;
}
