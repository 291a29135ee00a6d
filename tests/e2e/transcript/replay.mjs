// Plays a recorded scenario against a server: sends what its clients sent, in the recorded order, and
// waits for what the server answered. Order counts within one connection and direction only.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Application } from "./application.mjs";
import * as compare from "./compare.mjs";
import { Names } from "./names.mjs";
import { bodyBytes } from "./recorded.mjs";
import { CUT, RAW, STEPS, isStep } from "./steps.mjs";
import { Connection, Exchange, ask, handshake } from "./wire.mjs";

const PATIENCE = 30_000; // ms, for what has to come
const SILENCE = 50; // ms, for what must not come
const PAUSE = 50; // ms, in place of the longer ones of the recording
const APART = 20; // ms, so that two connections are seen in their order

/** Returns what differed, a line for each. */
export async function replay(scenario, { command, decode, deviations = [] }) {
  const run = new Run(scenario, { decode });
  run.application = await Application.start(command, scenario.name);
  try {
    return await run.play(deviate(scenario.events, deviations));
  } finally {
    run.stop();
  }
}

/** The events with those replaced for which another server has a reason. */
function deviate(events, deviations) {
  const keys = new Set(events.map(({ key }) => key));
  const replacements = Object.assign({}, ...deviations.map(({ instead }) => instead));
  for (const key of Object.keys(replacements)) assert.ok(keys.has(key), `no event ${key}`);
  return events.flatMap((event) => {
    const instead = replacements[event.key];
    if (instead === undefined) return [event];
    return instead.map((other) => (other === "same" ? event : { ...event, ...other }));
  });
}

class Run {
  #exchanges = new Map();
  #connections = new Map();

  constructor(scenario, { decode }) {
    this.steps = STEPS[scenario.name] ?? {};
    this.names = new Names({ offsets: scenario.name.startsWith("connection state recovery") });
    this.isWatched = scenario.events.some(({ key }) => key.startsWith("server connection"));
    this.decode = scenario.serverOptions.parser && decode;
  }

  async play(events) {
    const problems = [];
    let label = "";
    let skipping = false;
    for (const [i, event] of events.entries()) {
      if (event.ev === "capture") [label, skipping] = [event.name, false];
      if (skipping) continue;
      try {
        await this.#pause(event, events[i - 1]);
        if (this.steps[event.key]) await this.#step(this.steps[event.key]);
        await this.#play(event, events[i + 1]);
      } catch (error) {
        problems.push(`${label && `"${label}", `}${event.key}: ${error.message}`);
        skipping = true; // what follows rests on it, up to the next label
      }
    }
    return [...problems, ...(await this.#leftOver())];
  }

  async #pause(event, previous) {
    if (!isClient(event) || !previous) return;
    const recorded = event.t - previous.t;
    if (recorded >= 15) await this.#arrived(PAUSE);
    else if (isClient(previous) && channel(previous) !== channel(event)) await this.#arrived(APART);
  }

  /** What was sent so far has arrived: what is asked after it, of one thread, has been answered. */
  async #arrived(ms) {
    await sleep(ms);
    // The second is asked when all that the first could overtake is on its way.
    for (let n = 0; n < 2 && !this.application.ends; n++) await ask(this.application.port).catch(() => {});
  }

  async #play(event, next) {
    switch (event.ev) {
      case "http-request":
        return this.#exchanges.set(event.req, this.#request(event));
      case "http-response":
        return this.#response(event);
      case "http-abort":
        return this.#exchanges.get(event.req).destroy();
      case "ws-request":
        return this.#connections.set(event.conn, this.#connect(event));
      case "ws-response":
        return this.#answer(this.#connections.get(event.conn), event);
      case "ws-frame":
        return event.dir === "c2s" ? this.#send(event, next) : this.#receive(event);
      case "ws-tcp-close":
        return this.#end(event);
      case "server":
        return this.application.sees(event);
      case "capture":
        return this.#labelled(event);
    }
  }

  #request({ method, path, headers, body }) {
    const text = body?.text === undefined ? bodyBytes({ body }) : Buffer.from(this.names.actual(body.text));
    return new Exchange(this.application.port, {
      method,
      path: this.names.actual(path),
      headers: headers.filter(([name]) => name !== "Host"),
      body: text,
    });
  }

  async #response(event) {
    const actual = await this.#exchanges.get(event.req).arrivals.take(PATIENCE);
    assert.ok(actual, "no answer");
    compare.answer(event, actual, this);
  }

  #connect({ path, headers }) {
    return new Connection(this.application.port, handshake({ path: this.names.actual(path), headers }));
  }

  async #answer(connection, event) {
    const actual = await connection.answer.take(PATIENCE);
    assert.ok(actual, "no answer");
    compare.answer(event, actual, this);
  }

  #send(event, next) {
    const { conn, type, fin, rsv1, payload } = event;
    const connection = this.#connections.get(conn);
    // A closing handshake may be too late.
    assert.ok(!connection.hasEnded || type === "close", "the server has closed the connection");
    const text = type === "text" && Buffer.from(String(payload)).equals(payload);
    const actual = text ? Buffer.from(this.names.actual(String(payload))) : payload;
    // Frames that were sent in one go arrive in one go.
    const more = next && isClient(next) && channel(next) === channel(event) && next.t - event.t < 15;
    connection.send({ type, fin, rsv1, payload: actual }, more);
  }

  async #receive(event) {
    const frame = await this.#connections.get(event.conn).frames.take(PATIENCE);
    assert.ok(frame, `no ${event.type} frame ${event.payload.subarray(0, 60)}`);
    compare.frame(event, frame, this);
  }

  async #end({ conn, by }) {
    const connection = this.#connections.get(conn);
    this.#connections.delete(conn);
    if (by === "server") {
      const ended = await Promise.race([connection.ended.then(() => true), sleep(PATIENCE, false, { ref: false })]);
      assert.ok(ended, "the server leaves the connection open");
    } else if (!connection.hasEnded) {
      await this.#arrived(APART);
    }
    connection.destroy();
    assert.deepEqual(connection.frames.rest().map(brief), [], "unexpected frames");
  }

  async #step(label) {
    await this.#arrived(PAUSE);
    await this.application.step(label);
    // What it told its connections from another thread is there before the next request.
    await this.#arrived(0);
  }

  async #labelled({ name, args }) {
    if (isStep(name)) await this.#step(name);
    if (RAW[name]) await this.#raw(RAW[name], args[0]);
    if (name === CUT) for (const { socket } of this.#connections.values()) socket.destroy();
  }

  /** A request of which only the answer was recorded, as text. */
  async #raw(request, recorded) {
    const connection = new Connection(this.application.port, request);
    const actual = await connection.answer.take(PATIENCE);
    connection.destroy();
    if (!recorded.startsWith("HTTP/")) return assert.ok(actual?.closed, "the connection is closed without an answer");
    const [head, body] = recorded.split("\r\n\r\n");
    const [first, ...lines] = head.split("\r\n");
    const status = Number(first.split(" ")[1]);
    const headers = lines.map((line) => line.split(": "));
    compare.answer({ status, headers, body: { text: status === 101 ? "" : body } }, actual, this);
  }

  /** What came without having been recorded. */
  async #leftOver() {
    await sleep(SILENCE);
    const exchanges = [...this.#exchanges]
      .filter(([, { request }]) => !request.destroyed)
      .map(([req, { arrivals }]) => [`request ${req}`, arrivals.rest().map(briefAnswer)]);
    const connections = [...this.#connections].map(([conn, connection]) => [
      `connection ${conn}`,
      [...connection.frames.rest().map(brief), ...(connection.hasEnded ? ["its end"] : [])],
    ]);
    const seen = this.isWatched ? this.application.unexpected() : [];
    const unexpected = [...exchanges, ...connections, ["the application", seen]];
    return unexpected.filter(([, what]) => what.length).map(([where, what]) => `unexpected at ${where}: ${what.join(" | ")}`);
  }

  stop() {
    for (const open of [...this.#exchanges.values(), ...this.#connections.values()]) open.destroy();
    this.application.stop();
  }
}

const isClient = ({ ev, dir }) => /^(http-request|http-abort|ws-request)$/.test(ev) || dir === "c2s";
const channel = ({ ev, req, conn }) => (ev.startsWith("http") ? `request ${req}` : `connection ${conn}`);
const brief = ({ type, payload }) => `${type} ${payload.subarray(0, 80)}`;
const briefAnswer = ({ status, closed, body }) => (closed ? "closed" : `${status} ${body.subarray(0, 80)}`);
