// Clients that talk, ask, change rooms, and lose their connections.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";

const MEMBERS = 25; // of a room
const TABS = 3; // of a user, on different nodes
const PAUSE = 2_000; // ms between two things that a client does, on average
const ANSWER_WITHIN = 10_000; // ms

const pick = (list) => list[Math.floor(Math.random() * list.length)];

class Client {
  #room;
  #seats = new Map(); // a room or a user to what the judge calls a seat
  #chains = new Map(); // the same
  #wasHere = false;

  constructor(load, index, node) {
    this.load = load;
    this.user = `user-${Math.floor(index / TABS)}`;
    this.node = node.name;
    this.#room = pick(load.rooms);
    this.socket = io(node.url, {
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 200,
      reconnectionDelayMax: 1_000,
      auth: { user: this.user },
    });
    this.socket.on("connect", () => this.#connected());
    this.socket.on("said", (said) => {
      const seat = this.#seats.get(said.to);
      // Between two rooms nothing is expected.
      if (!seat) return;
      load.judge.receive(seat, said);
      load.arrived(said);
    });
    this.socket.on("question", (...args) => args.at(-1)?.(1));
  }

  async #connected() {
    this.#chains.clear();
    if (this.#wasHere) this.load.counts[this.socket.recovered ? "recovered" : "fresh"]++;
    this.#wasHere = true;
    if (this.socket.recovered) return;
    this.#stand(...this.#seats.keys());
    this.#sit(this.user);
    await this.#enter(this.#room);
  }

  #sit(place) {
    this.#seats.set(place, this.load.judge.sit(place, this.node));
  }

  #stand(...places) {
    for (const place of places) {
      if (this.#seats.has(place)) this.load.judge.leave(this.#seats.get(place));
      this.#seats.delete(place);
    }
  }

  async #enter(room) {
    const { id } = this.socket;
    const joined = await this.#ask("join", room);
    if (joined !== true || this.socket.id !== id || this.#seats.has(room)) return;
    this.#sit(room);
  }

  /** What the server answers: true if all is well, undefined if nothing. */
  async #ask(event, ...args) {
    try {
      return await this.socket.timeout(ANSWER_WITHIN).emitWithAck(event, ...args);
    } catch {
      this.load.counts.unanswered++;
      return undefined;
    }
  }

  /** Does things until it is told to stop. */
  async run(signal) {
    while (!signal.aborted) {
      await sleep(Math.random() * 2 * PAUSE, undefined, { signal }).catch(() => {});
      if (signal.aborted || !this.socket.connected) continue;
      const dice = Math.random();
      if (!this.#seats.has(this.#room)) await this.#enter(this.#room); // the answer to the last attempt was lost
      else if (dice < 0.65) await this.#emit("say", this.#room);
      else if (dice < 0.75) await this.#emit("tell", pick(this.load.users));
      else if (dice < 0.85) await this.#question();
      else if (dice < 0.95) await this.#move();
      else this.#lose();
    }
  }

  /** The next event of the chain to a room or a user. */
  async #emit(event, to) {
    const { judge, counts } = this.load;
    if (!this.#chains.has(to)) {
      this.#chains.set(to, { chain: `${this.socket.id}/${to}/${Date.now()}`, n: 0, to, node: this.node, begun: Date.now() });
    }
    const link = this.#chains.get(to);
    link.n++;
    counts[event]++;
    if ((await this.#ask(event, { ...link, sent: performance.now() })) === true) judge.confirm(link);
    else if (this.#chains.get(to) === link) this.#chains.delete(to);
  }

  async #question() {
    this.load.counts.questions++;
    const complete = await this.#ask("question", this.#room);
    if (complete === false) this.load.counts.incomplete++;
  }

  async #move() {
    this.#stand(this.#room);
    this.#chains.delete(this.#room);
    await this.#ask("leave", this.#room);
    this.#room = pick(this.load.rooms);
    await this.#enter(this.#room);
  }

  /** As if the network had gone. */
  #lose() {
    this.load.counts.lostConnections++;
    this.socket.io.engine.close();
  }

  end() {
    this.#stand(...this.#seats.keys());
    this.socket.disconnect();
  }
}

export class Load {
  counts = { say: 0, tell: 0, questions: 0, incomplete: 0, unanswered: 0, lostConnections: 0, recovered: 0, fresh: 0 };

  /** `arrived` is called with each event that someone has got. */
  constructor(judge, nodes, clients, arrived) {
    this.judge = judge;
    this.arrived = arrived;
    this.rooms = Array.from({ length: Math.ceil(clients / MEMBERS) }, (_, n) => `room ${n}`);
    this.clients = Array.from({ length: clients }, (_, n) => new Client(this, n, nodes[n % nodes.length]));
    this.users = [...new Set(this.clients.map(({ user }) => user))];
  }

  /** Resolves when the load has stopped after the signal. */
  run(signal) {
    return Promise.all(this.clients.map((client) => client.run(signal)));
  }

  /** How many connections each user has. */
  get online() {
    const online = {};
    for (const { user } of this.clients) online[user] = (online[user] ?? 0) + 1;
    return online;
  }

  get connected() {
    return this.clients.filter(({ socket }) => socket.connected).length;
  }

  end() {
    for (const client of this.clients) client.end();
  }
}
