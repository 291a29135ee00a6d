// Reads transcripts.json: its events as what is sent and what is expected.

import { readFileSync } from "node:fs";
import { Inflater } from "./frames.mjs";

const FILE = new URL("../../fixtures/transcripts.json", import.meta.url);

export const scenarios = JSON.parse(readFileSync(FILE, "utf8")).scenarios.map(slower).map(withPayloads);

/** With the times that the applications have instead: those of the recording are too short for a busy machine. */
function slower(scenario) {
  if (scenario.name !== "heartbeat") return scenario; // no other one is told its times
  const text = JSON.stringify(scenario);
  return JSON.parse(text.replaceAll('\\"pingInterval\\":300,\\"pingTimeout\\":200,', '\\"pingInterval\\":1000,\\"pingTimeout\\":2000,'));
}

function bytes({ text, base64 }) {
  return base64 === undefined ? Buffer.from(text ?? "") : Buffer.from(base64, "base64");
}

/** Every frame with the bytes of its message, every event with a name of its own. */
function withPayloads(scenario) {
  const inflaters = {};
  const counts = {};
  const events = scenario.events.map((event) => {
    const key = keyOf(event);
    counts[key] = (counts[key] ?? 0) + 1;
    const named = { ...event, key: /frame|server|client/.test(key) ? `${key} #${counts[key]}` : key };
    if (event.ev !== "ws-frame") return named;
    const inflater = (inflaters[`${event.conn} ${event.dir}`] ??= new Inflater());
    return { ...named, payload: payloadOf(event, inflater) };
  });
  return { ...scenario, events };
}

function keyOf({ ev, req, conn, dir, name }) {
  if (ev === "ws-frame") return `${dir} frame ${conn}`;
  return `${ev} ${req ?? conn ?? name}`;
}

function payloadOf(event, inflater) {
  if (event.type === "close") return event.base64 ? bytes(event) : closePayload(event);
  if (!event.rsv1) return bytes(event);
  if (!event.inflated) return inflater.inflate(bytes(event));
  const message = bytes(event.inflated);
  inflater.remember(message);
  return message;
}

function closePayload({ code, reason }) {
  if (code === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

export const bodyOf = ({ body, decodedBody }) => decodedBody ?? body;
export const bodyBytes = (event) => (bodyOf(event) ? bytes(bodyOf(event)) : Buffer.alloc(0));
