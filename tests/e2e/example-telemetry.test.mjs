// The example telemetry: what the server does for a client is in the client's trace, as a collector gets it, and as the
// terminal shows it where there is none.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { until } from "./deploy/process.mjs";
import { client, startExample, useBrowser } from "./example.mjs";

const open = useBrowser();

/** The fields of a message in Protocol Buffers that have bytes: pairs of number and content. */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const [field, type] = [Math.floor(key / 8), key % 8];
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else {
      const length = varint();
      yield [field, bytes.subarray(at, (at += length))];
    }
  }
}

const all = (bytes, wanted) => [...fields(bytes)].filter(([field]) => field === wanted).map(([, content]) => content);

/** The spans of an export: https://github.com/open-telemetry/opentelemetry-proto has the numbers. */
function spansOf(body) {
  const spans = all(body, 1).flatMap((resource) => all(resource, 2)).flatMap((scope) => all(scope, 2));
  return spans.map((span) => {
    const [trace, id, parent] = [1, 2, 4].map((field) => all(span, field)[0]?.toString("hex"));
    return { trace, id, parent, name: `${all(span, 5)[0]}`, lines: all(span, 11).map((event) => `${all(event, 2)[0]}`) };
  });
}

/** A collector, and the example that sends to it. */
async function start(t) {
  const spans = [];
  const collector = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    if (request.url === "/v1/traces") spans.push(...spansOf(Buffer.concat(parts)));
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  t.after(() => collector.close());
  const OTLP = `http://127.0.0.1:${collector.address().port}`;
  const example = await startExample(t, "telemetry", { env: { OTLP, OTEL_BSP_SCHEDULE_DELAY: "100" } });
  /** The connection of a trace, and its event in which somebody was greeted, when both have come. */
  const trace = (number) =>
    until("the trace has been exported", () => {
      const own = spans.filter((span) => span.trace === number);
      const connection = own.find(({ name }) => name === "connection");
      const event = own.find(({ name, lines }) => name === "event" && lines.includes("a guest is greeted"));
      return connection && event && { connection, event };
    });
  return { ...example, trace };
}

test("what a client's header says is the parent of its connection, and that of its events", async (t) => {
  const server = await start(t);
  const [number, parent] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  const socket = client(t, server, { extraHeaders: { traceparent: `00-${number}-${parent}-01` } });
  assert.equal(await socket.emitWithAck("greet", { name: "ann" }), "Hello, ann!");
  socket.disconnect();
  const trace = await server.trace(number);
  assert.equal(trace.connection.parent, parent);
  assert.equal(trace.event.parent, trace.connection.id);
});

test("in the browser: each press of the button is a trace, and its number is shown", async (t) => {
  const server = await start(t);
  const page = await open(t, server.url);
  await page.getByLabel("Name").fill("ann");
  const rows = page.locator("#traces tr");
  const shown = new Set();
  for (const count of [1, 2]) {
    await page.getByRole("button", { name: "Be greeted" }).click();
    await rows.nth(count - 1).waitFor();
    const newest = rows.first();
    assert.equal(await newest.locator("td").first().textContent(), "Hello, ann!");
    const number = await newest.locator("code").textContent();
    assert.match(number, /^[0-9a-f]{32}$/);
    shown.add(number);
    const { connection, event } = await server.trace(number);
    assert.equal(event.parent, connection.id);
  }
  assert.equal(shown.size, 2);
});

/** The spans of a trace that are in the terminal, when the connection's is, which ends last. */
const printed = (server, number) =>
  until("the spans are in the terminal", () => {
    const lines = server.out.split("\n").slice(0, -1).filter((line) => line.includes(`trace=${number} `));
    const spans = lines.map((line) => {
      const span = /^span (\S+) +trace=\S+ id=([0-9a-f]{16}) parent=([0-9a-f]{16}) took=\d+\.\d{3} ms(.*)$/.exec(line);
      assert.ok(span, line);
      const [, name, id, parent, traced] = span;
      return { name, id, parent, traced };
    });
    return spans.some(({ name }) => name === "connection") && spans;
  });

test("without a collector, the terminal has the number that the page shows, in the spans of that trace", async (t) => {
  const server = await startExample(t, "telemetry", { env: { OTLP: undefined } });
  const page = await open(t, server.url);
  await page.getByLabel("Name").fill("ann");
  await page.getByRole("button", { name: "Be greeted" }).click();
  const number = await page.locator("#traces tr code").textContent();
  const spans = await printed(server, number);
  const connection = spans.find(({ name }) => name === "connection");
  const event = spans.find(({ traced }) => traced === ', "a guest is greeted"');
  assert.equal(event?.name, "event", server.out);
  assert.equal(event.parent, connection.id);
});
