// The contracts that hubs describe, for those who read them: TypeScript for socket.io-client and
// socket.io, an AsyncAPI document for its official schema, and values of serde's for both.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import Ajv from "ajv";
import { errorsOf, errorsOfPage } from "./typescript.mjs";

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const json = (name) => JSON.parse(readFileSync(path(name), "utf8"));

const FIXTURES = "tests/fixtures/contract";
const SHOP = `${FIXTURES}/shop`;

/** The document of a contract, and what serde writes and reads of it. */
const fixture = (name) => ({
  module: path(`${FIXTURES}/${name}.ts`),
  document: json(`${FIXTURES}/${name}.asyncapi.json`),
  samples: json(`${FIXTURES}/${name}.samples.json`),
});
const shop = fixture("shop");
const forms = fixture("forms");
const quoted = fixture("quoted");
const ALL = [shop, forms, quoted];

test("the AsyncAPI documents, that of the guide too, are such by the official schema", () => {
  const { schemasWithoutId } = createRequire(import.meta.url)("@asyncapi/specs");
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const valid = ajv.compile(schemasWithoutId["3.0.0"]);
  const ofTheGuide = json("guide/samples/src/contract/chat.asyncapi.json");
  for (const document of [...ALL.map(({ document }) => document), ofTheGuide]) {
    assert.ok(valid(document), JSON.stringify(valid.errors, null, 2));
  }
});

test("every reference of the AsyncAPI document leads somewhere", () => {
  const follow = (document, value) => {
    if (value === null || typeof value !== "object") return;
    if (typeof value.$ref === "string") {
      const keys = value.$ref.replace(/^#\//, "").split("/");
      const found = keys.reduce((at, key) => at?.[key], document);
      assert.ok(found, `${value.$ref} leads nowhere`);
    }
    for (const inner of Object.values(value)) follow(document, inner);
  };
  for (const { document } of ALL) follow(document, document);
});

/** The schema of what a sample is. */
function schemaOf(document, { direction, event }) {
  const key = direction === "connect" ? event : `${direction}-${event.replace(/[^A-Za-z0-9_-]/g, "_")}`;
  const { payload } = document.channels.main.messages[key] ?? {};
  assert.ok(payload, `no message ${key}`);
  return { ...payload, components: document.components };
}

test("what serde writes and reads is valid", () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const { document, samples } of ALL) {
    for (const sample of samples) {
      const valid = ajv.compile(schemaOf(document, sample));
      assert.ok(valid(sample.payload), `${JSON.stringify(sample)}: ${JSON.stringify(valid.errors)}`);
    }
  }
});

test("what serde would refuse is not", () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const [direction, event, payload] of [
    ["connect", "connect", { user_name: "ann" }],
    ["receive", "add", { articleNo: 7, type: "SinglePiece", page: "/" }],
    ["receive", "add", { article_no: 7, type: "by_weight", page: "/" }],
    ["receive", "add", { articleNo: 7, type: "by_weight" }],
    ["receive", "move line", [1, null]],
    ["send", "changed", { to: { lines: [{ article: 7, price: { cents: 5 } }], by_kind: {} } }],
    ["send", "pointing", { line: 1 }],
  ]) {
    const valid = ajv.compile(schemaOf(shop.document, { direction, event }));
    assert.ok(!valid(payload), `${event}: ${JSON.stringify(payload)}`);
  }
});

/** A sample as an expression that the types must take. */
function typed({ direction, event, payload }) {
  const value = JSON.stringify(payload);
  if (event === "refused") return `({ name: "Error", ...${value} }) satisfies Refused;`;
  if (direction === "connect") return `({ auth: ${value} satisfies ConnectAuth });`;
  const name = event.replace(/-(ack|rejected)$/, "");
  const isAck = name !== event;
  const events = direction === "receive" ? "ClientToServerEvents" : "ServerToClientEvents";
  const parameters = `Parameters<${events}[${JSON.stringify(name)}]>`;
  const several = Array.isArray(payload);
  if (!isAck) return `(${several ? value : `[${value}]`}) satisfies Args<${parameters}>;`;
  return `(${several ? value : `[${value}]`}) satisfies Parameters<Last<${parameters}>>;`;
}

const HELPERS = `
type Last<T extends unknown[]> = Required<T> extends [...unknown[], infer L extends (...args: any) => any] ? L : never;
type Args<T extends unknown[]> = Required<T> extends [...infer A, (...args: any) => any] ? A : T;
`;

test("what serde writes and reads is of the declared types, and nothing else is", () => {
  for (const { module, samples } of ALL) {
    const program = [
      `import type { ClientToServerEvents, ConnectAuth, Refused, ServerToClientEvents } from "./contract";`,
      HELPERS,
      ...samples.map(typed),
    ];
    const modules = { "./contract": module };
    assert.deepEqual(errorsOf(program.join("\n"), modules), []);
    const wrong = samples.map(({ payload, ...sample }) => typed({ ...sample, payload: [{ no: payload }] }));
    const lines = errorsOf([...program.slice(0, 2), ...wrong].join("\n"), modules).map(({ line }) => line);
    assert.equal(new Set(lines).size, samples.length);
  }
});

test("the client of the guide's chapter compiles, and its mistakes are errors", () => {
  const program = readFileSync(path("guide/samples/ts/client.ts"), "utf8");
  const modules = { "./chat": path("guide/samples/src/contract/chat.ts") };
  assert.deepEqual(errorsOf(program, modules), []);
  for (const mistake of [["closing", "close"], ["minutes }", "hours }"], ["text:", "txt:"], ["answer.id", "answer.number"]]) {
    assert.ok(program.includes(mistake[0]));
    assert.notDeepEqual(errorsOf(program.replace(...mistake), modules), [], mistake[1]);
  }
});

test("socket.io-client and socket.io take the types of every namespace", () => {
  const program = `
import { io, type Socket } from "socket.io-client";
import { Server } from "socket.io";
import type * as shop from "./shop";

const socket: Socket<shop.ServerToClientEvents, shop.ClientToServerEvents> = io();
socket.auth = { userName: "ann" } satisfies shop.ConnectAuth;
socket.on("connect_error", (refused: shop.Refused) => console.error(refused.message, refused.data));
socket.on("changed", ({ to }) => to.lines.map(({ article }) => article.toFixed()));
socket.on("confirm", (text, ack) => ack?.(text.length > 0));
socket.on("upload", ({ content }) => content.byteLength);
socket.emit("clear");
socket.emit("pointing", { line: 1 });
socket.emit("move line", 1, null, "single_piece", (...answer) => answer.length);
socket.on("rated", (stars, text) => stars.toFixed() + (text?.length ?? 0));
socket.on("draw", (draw) => (draw.kind === "circle" ? draw.radius : draw.side) + (draw.by?.length ?? 0));
socket.emit("draw", { kind: "square", side: 2 });
socket.emit("count", { open: 1, pens: 2 });
socket.on("count", (count) => count.total.toFixed() + count["pens"]?.toFixed());
socket.emit("replace", { article: 7 });
socket.emit("rate", 5, undefined, (answer) => answer === true);
socket.emit("cut", 1, 2, (answer) => answer === true);
socket.emit("upload", { name: "x", content: new Uint8Array(8) });
socket.emit("upload", { name: "x", content: new ArrayBuffer(8) });
socket.emit("add", { articleNo: 7, type: "by_weight", page: "/" }, (answer) => {
  if ("error" in answer) {
    const { data } = answer.error;
    console.error(data && "until" in data ? data.until?.toFixed() : data?.retryAfter.toFixed());
  } else answer.lines.at(0)?.price;
});
const basket = await socket.timeout(1000).emitWithAck("add", { articleNo: 7, count: 2, type: "by_weight", page: "/" });
if (!("error" in basket)) basket.by_kind["x"]?.toFixed();

const till: Socket<shop.TillNumberServerToClientEvents, shop.TillNumberClientToServerEvents> = io("/till-1");
till.on("anything", (...args) => args.length);

const server = new Server<shop.ClientToServerEvents, shop.Asking<shop.ServerToClientEvents>>();
server.on("connection", async (socket) => {
  socket.on("move line", (from, to, kind, ack) => ack(from, [to ?? 0]));
  socket.emit("pointing", { line: 1, who: "ann" });
  socket.emit("rated", 5);
  const yes: boolean = await socket.emitWithAck("confirm", "sure?");
  const all: boolean[] = await server.timeout(1000).emitWithAck("confirm", yes ? "sure?" : "really?");
  socket.emit("confirm", "sure?", (yes) => all.includes(yes));
});
const tills = new Server<shop.TillNumberClientToServerEvents, shop.Asking<shop.TillNumberServerToClientEvents>>();
tills.emit("anything", 1);
`;
  const modules = { "./shop": path(`${SHOP}.ts`) };
  assert.deepEqual(errorsOf(program, modules), []);
  for (const mistake of [
    [`socket.emitWithAck("confirm"`, `socket.emitWithAck("confrim"`],
    [`socket.emitWithAck("confirm"`, `socket.emitWithAck("pointing"`],
    [`const yes: boolean`, `const yes: string`],
  ]) {
    assert.ok(program.includes(mistake[0]));
    assert.notDeepEqual(errorsOf(program.replace(...mistake), modules), [], mistake[1]);
  }
});

test("what the server would refuse is an error, in each form of a union", () => {
  const OPEN = `import type { ClientToServerEvents } from "./shop";
const emit = <E extends keyof ClientToServerEvents>(event: E, ...args: Parameters<ClientToServerEvents[E]>) => [event, args];
`;
  for (const wrong of [
    `emit("draw", { kind: "circle", side: 2 });`,
    `emit("draw", { kind: "square", side: 2, by: "wZX3oN0bSVIhsaknAAAI" });`,
    `emit("draw", { note: "no shape" });`,
    `emit("count", { pens: 2 });`,
    `emit("count", { open: 1, pens: "2" });`,
    `emit("replace", { count: 1 });`,
    `emit("rate", "5", undefined, () => {});`,
    `emit("cut", 1, () => {});`,
  ]) {
    const lines = errorsOf(OPEN + wrong, { "./shop": path(`${SHOP}.ts`) }).map(({ line }) => line);
    assert.deepEqual([...new Set(lines)], [3], wrong);
  }
});

const CHAT = { "./contract": path("examples/chat/static/contract.ts") };
const OPEN = `import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ConnectAuth, Message, ServerToClientEvents } from "./contract";
const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io({ auth: { nick: "ann" } satisfies ConnectAuth });
`;

test("a right client of the chat compiles", () => {
  const program = `${OPEN}
socket.on("rooms", (rooms) => Object.entries(rooms).map(([room, people]) => room + people.toFixed()));
socket.on("joined", (room, nick) => room + nick);
socket.on("message", ({ seq, text }: Message) => seq.toFixed() + text);
socket.emit("join", { room: "lobby" }, (answer) => {
  if ("error" in answer) throw new Error(answer.error.message);
  answer.members.join(", ");
});
socket.emit("say", { room: "lobby", text: "hello" }, (answer) => "seq" in answer && answer.at > 0);
socket.volatile.emit("typing", { room: "lobby", active: true });
`;
  assert.deepEqual(errorsOf(program, CHAT), []);
});

test("each mistake of a client of the chat is an error where it is made", () => {
  for (const [line, code] of [
    [`socket.emit("shout", { room: "lobby" });`, 2345],
    [`socket.on("messages", () => {});`, 2345],
    [`socket.emit("say", { room: "lobby", txt: "hello" }, () => {});`, 2561],
    [`socket.emit("say", { room: "lobby", text: 7 }, () => {});`, 2322],
    [`socket.emit("say", { room: "lobby", text: "hello" });`, 2554],
    [`socket.emit("say", { room: "lobby", text: "hello" }, (answer: string) => answer);`, 2345],
    [`socket.on("message", (message) => message.sender);`, 2339],
    [`socket.on("joined", (room: number) => room);`, 2345],
    [`socket.emit("typing", { room: "lobby", active: true, nick: "bob" });`, 2353],
    [`({ name: "ann" }) satisfies ConnectAuth;`, 2353],
  ]) {
    const errors = errorsOf(OPEN + line, CHAT);
    assert.deepEqual(
      errors.map(({ code, line }) => ({ code, line })),
      [{ code, line: 4 }],
      `${line}\n${errors.map(({ text }) => text).join("\n")}`,
    );
  }
});

/** The page of the chat, which uses client.js and the contract. */
const PAGE = path("examples/chat/static/chat.js");
const CLIENT = { "/socket.io/client.js": path("framework/src/server/client.d.ts") };

test("the page of the chat is checked against the contract, and its mistakes are errors", () => {
  const text = readFileSync(PAGE, "utf8");
  assert.match(text, /^\/\/ @ts-check$/m);
  assert.deepEqual(errorsOfPage(PAGE), []);
  for (const mistake of [
    [`socket.on("joined"`, `socket.on("joins"`],
    [`socket.on("typing", ({ room: name,`, `socket.on("typing", ({ space: name,`],
    [`emitWithAck("join"`, `emitWithAck("leave"`],
    [`emitWithAck("say", { room: room.name, text:`, `emitWithAck("say", { room: room.name, txt:`],
    [`answer.members`, `answer.people`],
    [`emit("leave", { room: room.name }`, `emit("leave", { room: 7 }`],
    [`send(/** @satisfies {contract.ConnectAuth} */ ({ nick }))`, `send(/** @satisfies {contract.ConnectAuth} */ ({ name: nick }))`],
  ]) {
    assert.ok(text.includes(mistake[0]), mistake[0]);
    assert.notDeepEqual(errorsOfPage(PAGE, text.replace(...mistake)), [], mistake[1]);
  }
});

test("client.js has the types of socket.io-client's socket, with a contract and without", () => {
  const program = `
import { io, type Socket } from "/socket.io/client.js";
import type { ClientToServerEvents, ConnectAuth, ServerToClientEvents } from "./contract";
const untyped = io("/admin", { autoConnect: false, query: { v: 1 } });
untyped.on("anything", (...args) => args.length);
untyped.emit("anything", 1, (answer: string) => answer);
const all: string = await untyped.timeout(1000).emitWithAck("anything", 1, "x");
const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io({ auth: { nick: all } satisfies ConnectAuth });
socket.on("connect", () => socket.id?.length).on("disconnect", (reason) => reason.length);
socket.once("connect_error", (error) => error.message + error.data);
socket.off("joined");
socket.on("joined", (room, nick) => room + nick);
socket.emit("join", { room: "lobby" }, (answer) => "seq" in answer && answer.seq);
const room = await socket.timeout(1000).emitWithAck("join", { room: "lobby" });
if ("members" in room) room.members.join();
socket.volatile.emit("typing", { room: "lobby", active: true });
socket.io.on("reconnect", (attempt) => attempt.toFixed());
`;
  const modules = { ...CLIENT, ...CHAT };
  assert.deepEqual(errorsOf(program, modules), []);
  for (const mistake of [
    [`socket.on("joined"`, `socket.on("joins"`],
    [`emit("join", { room`, `emit("join", { space`],
    [`emitWithAck("join"`, `emitWithAck("leave"`],
    [`room.members`, `room.people`],
    [`socket.timeout(1000)`, `socket.within(1000)`],
    [`{ autoConnect`, `{ connect`],
  ]) {
    assert.ok(program.includes(mistake[0]), mistake[0]);
    assert.notDeepEqual(errorsOf(program.replace(...mistake), modules), [], mistake[1]);
  }
});

test("client.js has what its types say", async () => {
  const source = readFileSync(path("framework/src/server/client.js"), "utf8");
  const { io } = await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);
  const types = readFileSync(CLIENT["/socket.io/client.js"], "utf8");
  const socket = io("http://127.0.0.1:9/", { autoConnect: false });
  const [, members] = /export interface Socket[^{]*{\n(.*?)\n}\n/s.exec(types);
  const names = [...members.matchAll(/^  (?:readonly )?([a-zA-Z]+)\??[:(<]/gm)].map(([, name]) => name);
  assert.ok(names.length > 20, String(names));
  const without = names.filter((name) => !(name in socket) && name !== "id");
  assert.deepEqual(without, []);
});
