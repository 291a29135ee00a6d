// WebSocket frames (RFC 6455, section 5.2) and what permessage-deflate (RFC 7692) does to them.

import { randomBytes } from "node:crypto";
import zlib from "node:zlib";

const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const TYPES = Object.fromEntries(Object.entries(OPCODES).map(([type, opcode]) => [opcode, type]));
const SYNC = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
const WINDOW = 32_768; // bytes

/** A client's frame: masked. */
export function encode({ type, payload, fin = true, rsv1 = false }) {
  const body = rsv1 ? compress(payload) : payload;
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | OPCODES[type];
  const { length } = body;
  const head = length < 126 ? Buffer.from([first, 0x80 | length]) : Buffer.from([first, 0xfe, length >> 8, length & 0xff]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i & 3])]);
}

/** Needs no memory of earlier messages, and a window that suits every server. */
function compress(payload) {
  return zlib.deflateRawSync(payload, { ...SYNC, windowBits: 9 }).subarray(0, -4);
}

/** Inflates the messages of one direction of one connection. */
export class Inflater {
  #window = Buffer.alloc(0);

  inflate(compressed) {
    const dictionary = this.#window.length ? { dictionary: this.#window } : {};
    const message = zlib.inflateRawSync(Buffer.concat([compressed, TAIL]), { ...SYNC, ...dictionary });
    this.remember(message);
    return message;
  }

  remember(message) {
    this.#window = Buffer.concat([this.#window, message]).subarray(-WINDOW);
  }
}

/** Takes bytes in any pieces, gives a server's frames. */
export class FrameReader {
  #bytes = Buffer.alloc(0);
  #inflater = new Inflater();

  constructor(onFrame) {
    this.onFrame = onFrame;
  }

  add(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#next());
  }

  #next() {
    const bytes = this.#bytes;
    if (bytes.length < 2) return false;
    const short = bytes[1] & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return false;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + length) return false;
    const wire = bytes.subarray(start, start + length);
    this.#bytes = bytes.subarray(start + length);
    const type = TYPES[bytes[0] & 0x0f];
    const rsv1 = Boolean(bytes[0] & 0x40);
    const isMessage = type === "text" || type === "binary";
    const payload = rsv1 && isMessage ? this.#inflated(wire) : Buffer.from(wire);
    this.onFrame({ type, fin: Boolean(bytes[0] & 0x80), rsv1, payload });
    return true;
  }

  #inflated(wire) {
    try {
      return this.#inflater.inflate(wire);
    } catch (error) {
      return Buffer.from(`not inflated: ${error.message}`);
    }
  }
}
