// HTTP requests and WebSocket connections without a library between the test and the bytes.

import { once } from "node:events";
import http from "node:http";
import { connect } from "node:net";
import zlib from "node:zlib";
import { FrameReader, encode } from "./frames.mjs";

const HOST = "127.0.0.1";

/** Things that arrive, and whoever waits for the next one. */
class Arrivals {
  #items = [];
  #wake = () => {};

  push(item) {
    this.#items.push(item);
    this.#wake();
  }

  get length() {
    return this.#items.length;
  }

  /** The next one, or nothing if it does not come in time. */
  async take(ms) {
    if (!this.#items.length) {
      let timer;
      await new Promise((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
    }
    return this.#items.shift();
  }

  /** What has arrived and was not asked for. */
  rest() {
    return this.#items.splice(0);
  }
}

const pairs = (raw) => raw.flatMap((name, i) => (i % 2 ? [] : [[name, raw[i + 1]]]));

/** A request; its answer is the only arrival. A body may stay behind its declared length. */
export class Exchange {
  arrivals = new Arrivals();

  constructor(port, { method, path, headers, body }) {
    const sent = { host: HOST, port, method, path, headers: Object.fromEntries(headers), agent: false };
    const declared = Number(sent.headers["Content-Length"] ?? 0);
    this.request = http.request(sent);
    this.request.once("response", async (response) => {
      try {
        const chunks = await response.toArray();
        this.#answer(response, Buffer.concat(chunks));
      } catch {
        this.arrivals.push({ closed: true });
      }
    });
    this.request.once("error", () => this.arrivals.push({ closed: true }));
    if (body.length >= declared) this.request.end(body);
    else this.request.flushHeaders();
  }

  #answer({ statusCode: status, rawHeaders, headers }, raw) {
    const decode = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync, br: zlib.brotliDecompressSync };
    const body = decode[headers["content-encoding"]]?.(raw) ?? raw;
    this.arrivals.push({ status, headers: pairs(rawHeaders), body });
  }

  destroy() {
    this.request.destroy();
  }
}

/** A request that concerns nobody; returns when it is answered. */
export async function ask(port) {
  const request = http.get({ host: HOST, port, path: "/nowhere", agent: false });
  const [response] = await once(request, "response");
  await response.toArray();
}

/** The head of a request that would open a WebSocket. */
export function handshake({ path, headers }) {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** A WebSocket connection; the answer to the handshake and the frames are its arrivals. */
export class Connection {
  answer = new Arrivals();
  frames = new Arrivals();
  #head = Buffer.alloc(0);
  #unsent = [];
  #reader = new FrameReader((frame) => this.frames.push(frame));

  constructor(port, head) {
    this.socket = connect(port, HOST).setNoDelay(true);
    this.socket.on("data", (data) => this.#read(data));
    this.socket.on("error", () => {}); // "close" follows
    this.socket.once("close", () => this.answer.push({ closed: true }));
    this.ended = Promise.race([once(this.socket, "end"), once(this.socket, "close")]).catch(() => {});
    this.ended.then(() => (this.hasEnded = true));
    this.socket.write(head);
  }

  #read(data) {
    if (this.status === 101) return this.#reader.add(data);
    this.#head = Buffer.concat([this.#head, data]);
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const [first, ...lines] = this.#head.subarray(0, end).toString("latin1").split("\r\n");
    const headers = lines.map((line) => /^([^:]*):\s*(.*)$/.exec(line).slice(1));
    const rest = this.#head.subarray(end + 4);
    const length = Number(headers.find(([name]) => /^content-length$/i.test(name))?.[1] ?? 0);
    const status = Number(first.split(" ")[1]);
    if (status !== 101 && rest.length < length) return;
    this.status = status;
    this.answer.push({ status, headers, body: status === 101 ? Buffer.alloc(0) : rest });
    if (status === 101 && rest.length) this.#reader.add(rest);
  }

  /** With `more`, the frame waits for the next one. */
  send(frame, more) {
    this.#unsent.push(encode(frame));
    if (!more) this.socket.write(Buffer.concat(this.#unsent.splice(0)));
  }

  destroy() {
    this.socket.destroy();
  }
}
