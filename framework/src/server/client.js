// Calls of socket.io-client 4.8, over WebSocket. Names with `_` are private to this file.

const [CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR] = [0, 1, 2, 3, 4];
const BINARY = 3; // what EVENT and ACK gain with attachments
const RESERVED = /^(connect(_error)?|disconnect(ing)?|(new|remove)Listener)$/;

function check(valid) {
  if (!valid) throw new Error("bad packet");
}

/** The text of a packet, then its attachments. */
function encode(type, nsp, data, id = "") {
  const attachments = [];
  const json = JSON.stringify(data, function (key, value) {
    const raw = this[key]; // `value` has been through toJSON
    if (!(raw instanceof ArrayBuffer || ArrayBuffer.isView(raw))) return value;
    return { _placeholder: true, num: attachments.push(raw) - 1 };
  });
  const count = attachments.length;
  const head = count ? `${type + BINARY}${count}-` : type;
  return [`4${head}${nsp === "/" ? "" : nsp + ","}${id}${json ?? ""}`, ...attachments];
}

// type, attachments, namespace, ack id, JSON
const PACKET = /^4([0-6])(?:(\d+)-)?(?:(\/[^,]*),?)?(\d+)?(.*)$/s;

/** The packet that these messages make, if none is missing. */
function decode([text, ...attachments]) {
  const [, digit, count = 0, nsp = "/", id, json] = PACKET.exec(text);
  const type = digit - (count && BINARY);
  check(digit > CONNECT_ERROR === count > 0 && typeof attachments.at(-1) !== "string");
  if (attachments.length < count) return;
  const data = JSON.parse(json || "[]", (key, value) => {
    if (!count || value?._placeholder !== true) return value;
    check(value.num in attachments);
    return attachments[value.num];
  });
  check((type !== EVENT && type !== ACK) || Array.isArray(data));
  check(type !== EVENT || !RESERVED.test(data[0]));
  return { type, nsp, id: id && +id, data };
}

class Emitter {
  #listeners = new Map();

  on(event, listener) {
    this.#listeners.set(event, [...this.listeners(event), listener]);
    return this;
  }

  once(event, listener) {
    const first = (...args) => {
      this.off(event, first);
      listener(...args);
    };
    first.listener = listener;
    return this.on(event, first);
  }

  off(event, listener) {
    const others = (known) => listener && known !== listener && known.listener !== listener;
    if (event === undefined) this.#listeners.clear();
    else this.#listeners.set(event, this.listeners(event).filter(others));
    return this;
  }

  listeners(event) {
    return this.#listeners.get(event) ?? [];
  }

  _fire(event, ...args) {
    for (const listener of this.listeners(event)) listener(...args);
  }
}

/** One client in one namespace. */
class Socket extends Emitter {
  connected = false;
  active = false; // connected, or will be
  recovered = false;
  #session; // pid and offset, for recovery
  #flags = {};
  #nextId = 0;
  #acks = new Map();
  #outgoing = []; // emitted too early
  #incoming = []; // received too early
  #any = new Emitter();

  constructor(manager, nsp, opts) {
    super();
    this.io = manager;
    this.nsp = nsp;
    this.opts = opts;
    this.auth = opts.auth;
  }

  get disconnected() {
    return !this.connected;
  }

  get volatile() {
    this.#flags.volatile = true;
    return this;
  }

  timeout(ms) {
    this.#flags.timeout = ms;
    return this;
  }

  connect() {
    const waiting = this.active;
    this.active = true;
    if (!this.io._reconnecting) this.io.open();
    if (!waiting && this.io._ready) this._hello();
    return this;
  }

  disconnect() {
    if (this.connected) this.#send(DISCONNECT);
    this.#leave("io client disconnect");
    return this;
  }

  send(...args) {
    return this.emit("message", ...args);
  }

  emit(...data) {
    if (RESERVED.test(data[0])) throw new Error(`"${data[0]}" is a reserved event name`);
    const { volatile, ...flags } = this.#flags;
    const packet = { data };
    this.#flags = {};
    if (typeof data.at(-1) === "function") this.#expectAck(packet, data.pop(), flags);
    if (!this.connected) volatile || this.#outgoing.push(packet);
    else if (!volatile || !this.io.engine.bufferedAmount) this.#sendEvent(packet);
    return this;
  }

  emitWithAck(...data) {
    return new Promise((resolve, reject) => {
      this.#flags.errorFirst = true;
      this.emit(...data, (error, value) => (error ? reject(error) : resolve(value)));
    });
  }

  onAny(listener) {
    this.#any.on("", listener);
    return this;
  }

  offAny(listener) {
    this.#any.off("", listener);
    return this;
  }

  _hello() {
    const hello = this.#once((auth) => {
      if (this.active) this.#send(CONNECT, this.#session ? { ...this.#session, ...auth } : auth);
    });
    if (typeof this.auth === "function") this.auth(hello);
    else hello(this.auth);
  }

  _packet({ type, id, data }) {
    if (type === CONNECT) this.#connected(data);
    else if (type === DISCONNECT) this.#leave("io server disconnect");
    else if (type === ACK) this.#acks.get(id)?.(null, ...data);
    else if (type === CONNECT_ERROR) {
      this.#leave();
      this._fire("connect_error", Object.assign(new Error(data.message), { data: data.data }));
    } else {
      if (id >= 0) data.push(this.#once((...args) => this.connected && this.#send(ACK, args, id)));
      if (this.connected) this.#deliver(data);
      else this.#incoming.push(data);
    }
  }

  _close(reason) {
    this.connected = false;
    this.id = undefined;
    this.#incoming = [];
    this._fire("disconnect", reason);
    for (const settle of this.#acks.values()) settle(new Error("socket has been disconnected"));
  }

  #connected({ sid, pid }) {
    this.id = sid;
    this.recovered = !!pid && pid === this.#session?.pid;
    this.#session = pid && { ...this.#session, pid };
    this.connected = true;
    for (const data of this.#incoming.splice(0)) this.#deliver(data);
    for (const packet of this.#outgoing.splice(0)) this.#sendEvent(packet);
    this._fire("connect");
  }

  #leave(reason) {
    this.active = false;
    this.io._release();
    if (this.connected) this._close(reason);
  }

  #deliver(data) {
    this.#any._fire("", ...data);
    this._fire(...data);
    if (this.#session && typeof data.at(-1) === "string") this.#session.offset = data.at(-1);
  }

  #expectAck(packet, ack, { timeout = this.opts.ackTimeout, errorFirst = timeout >= 0 }) {
    packet.id = this.#nextId++;
    packet.settle = (error, ...values) => {
      clearTimeout(timer);
      this.#acks.delete(packet.id);
      this.#outgoing = this.#outgoing.filter((other) => other !== packet);
      if (errorFirst) ack(error, ...values);
      else if (!error) ack(...values);
    };
    const expired = new Error("operation has timed out");
    const timer = timeout >= 0 && setTimeout(packet.settle, timeout, expired);
  }

  #sendEvent({ data, id, settle }) {
    if (settle) this.#acks.set(id, settle);
    this.#send(EVENT, data, id);
  }

  #send(type, data, id) {
    this.io._send(encode(type, this.nsp, data, id));
  }

  /** A callback that works once, and on no later connection. */
  #once(call) {
    let { engine } = this.io;
    return (...args) => {
      if (engine === this.io.engine) call(...args);
      engine = null;
    };
  }
}
Socket.prototype.open = Socket.prototype.connect;
Socket.prototype.close = Socket.prototype.disconnect;

/** The connection that the namespaces of a server share. */
class Manager extends Emitter {
  nsps = {};
  _ready = false;
  _reconnecting = false;
  #attempts = 0;
  #timer; // of the opening, the silence or the next attempt
  #silence; // ms that the server may be silent
  #messages = []; // of an incomplete packet

  constructor(uri, opts) {
    super();
    this.uri = uri;
    this.opts = opts;
  }

  socket(nsp, opts) {
    const socket = (this.nsps[nsp] ??= new Socket(this, nsp, opts));
    return this.opts.autoConnect === false ? socket : socket.connect();
  }

  open() {
    if (this.engine) return this;
    const { query, timeout = 20_000 } = this.opts;
    const search = new URLSearchParams({ ...query, EIO: 4, transport: "websocket" });
    const engine = new WebSocket(`${this.uri}?${search}`);
    engine.binaryType = "arraybuffer";
    engine.onmessage = engine.onerror = engine.onclose = ({ type, data }) => {
      if (engine !== this.engine) return;
      if (type === "message") this.#message(data);
      else this.#lost(`transport ${type}`);
    };
    this.engine = engine;
    if (timeout !== false) this.#after(timeout, () => this.#fail("timeout"));
    globalThis.addEventListener?.("offline", this.#offline);
    return this;
  }

  _send(messages) {
    if (!this._ready) return;
    for (const message of messages) this.engine.send(message);
  }

  _release() {
    if (this.#active().length) return;
    this._reconnecting = false;
    this.#close("forced close");
  }

  #active() {
    return Object.values(this.nsps).filter((socket) => socket.active);
  }

  #after(ms, call) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(call, ms);
  }

  #offline = () => this.#lost("transport close");

  #lost(reason) {
    if (this._ready) this.#close(reason);
    else this.#fail("websocket error");
  }

  #close(reason) {
    this.#detach();
    this.#attempts = 0;
    for (const socket of this.#active()) socket._close(reason);
    this.#reconnect();
  }

  #fail(message) {
    const error = new Error(message);
    this.#detach();
    for (const socket of this.#active()) socket._fire("connect_error", error);
    this._fire("error", error);
    this._reconnecting = false;
    this.#reconnect();
  }

  #detach() {
    this.engine?.close();
    this.engine = undefined;
    this._ready = false;
    this.#messages = [];
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.("offline", this.#offline);
  }

  #message(message) {
    if (message[0] === "0") return this.#opened(JSON.parse(message.slice(1)));
    this.#alive();
    if (message[0] !== "2") return this.#receive(message);
    this._send(["3"]);
    this._fire("ping");
  }

  #alive() {
    this.#after(this.#silence, () => this.#close("ping timeout"));
  }

  #opened({ pingInterval, pingTimeout }) {
    const attempts = this._reconnecting && this.#attempts;
    this._ready = true;
    this._reconnecting = false;
    this.#attempts = 0;
    this.#silence = pingInterval + pingTimeout;
    this.#alive();
    for (const socket of this.#active()) socket._hello();
    if (attempts) this._fire("reconnect", attempts);
  }

  #receive(message) {
    let packet;
    try {
      this.#messages.push(message);
      packet = decode(this.#messages);
    } catch {
      return this.#close("parse error");
    }
    if (!packet) return;
    this.#messages = [];
    const socket = this.nsps[packet.nsp];
    if (socket?.active) socket._packet(packet);
  }

  #reconnect() {
    const {
      reconnection = true,
      reconnectionAttempts = Infinity,
      reconnectionDelay = 1000,
      reconnectionDelayMax = 5000,
      randomizationFactor = 0.5,
    } = this.opts;
    if (!reconnection || this._reconnecting || this.engine || !this.#active().length) return;
    if (this.#attempts >= reconnectionAttempts) {
      this.#attempts = 0;
      return this._fire("reconnect_failed");
    }
    const jitter = 1 + randomizationFactor * (2 * Math.random() - 1);
    const delay = reconnectionDelay * 2 ** this.#attempts++ * jitter;
    this._reconnecting = true;
    this.#after(Math.min(delay, reconnectionDelayMax), () => {
      this._fire("reconnect_attempt", this.#attempts);
      if (this._reconnecting) this.open();
    });
  }
}

const shared = {};

/** A socket for the namespace in the URL's path. */
export function io(url, opts) {
  if (typeof url === "object") [url, opts] = [undefined, url];
  const { protocol, host, pathname, searchParams } = new URL(url ?? "", globalThis.location?.origin);
  opts = { path: "/socket.io", query: Object.fromEntries(searchParams), ...opts };
  const uri = `${protocol.replace("http", "ws")}//${host}${opts.path.replace(/\/$/, "")}/`;
  const nsp = decodeURI(pathname);
  const own = opts.forceNew || opts.multiplex === false || shared[uri]?.nsps[nsp];
  const manager = own ? new Manager(uri, opts) : (shared[uri] ??= new Manager(uri, opts));
  return manager.socket(nsp, opts);
}
