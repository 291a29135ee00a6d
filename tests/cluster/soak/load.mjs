// Clients that talk, ask, change rooms, and lose their connections.

import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";

const MEMBERS = 25; // of a room
const TABS = 3; // of a user, on different nodes
const PAUSE = 2_000; // ms between two things that a client does, on average
const ANSWER_WITHIN = 10_000; // ms

const pick = (list) => list[Math.floor(Math.random() * list.length)];

class Client {
  #room;
  #seat;
  #chain;
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
      // Between two rooms nothing is expected.
      if (this.#seat?.room === said.room) load.judge.receive(this.#seat, said);
    });
    this.socket.on("question", (...args) => args.at(-1)?.(1));
  }

  async #connected() {
    this.#chain = undefined;
    if (this.#wasHere) this.load.counts[this.socket.recovered ? "recovered" : "fresh"]++;
    this.#wasHere = true;
    if (this.socket.recovered) return;
    this.#stand();
    await this.#sit(this.#room);
  }

  #stand() {
    if (this.#seat) this.load.judge.leave(this.#seat);
    this.#seat = undefined;
  }

  async #sit(room) {
    const { id } = this.socket;
    const joined = await this.#ask("join", room);
    if (joined !== true || this.socket.id !== id || this.#seat) return;
    this.#seat = this.load.judge.sit(room, this.node);
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
      if (!this.#seat) await this.#sit(this.#room); // the answer to the last attempt was lost
      else if (dice < 0.75) await this.#say();
      else if (dice < 0.85) await this.#question();
      else if (dice < 0.95) await this.#move();
      else this.#lose();
    }
  }

  async #say() {
    const { judge, counts } = this.load;
    this.#chain ??= { chain: `${this.socket.id}/${Date.now()}`, n: 0, room: this.#room, node: this.node, begun: Date.now() };
    const said = this.#chain;
    said.n++;
    counts.said++;
    if ((await this.#ask("say", { ...said })) === true) judge.confirm(said);
    else this.#chain = undefined;
  }

  async #question() {
    this.load.counts.questions++;
    const complete = await this.#ask("question", this.#room);
    if (complete === false) this.load.counts.incomplete++;
  }

  async #move() {
    this.#stand();
    this.#chain = undefined;
    await this.#ask("leave", this.#room);
    this.#room = pick(this.load.rooms);
    await this.#sit(this.#room);
  }

  /** As if the network had gone. */
  #lose() {
    this.load.counts.lostConnections++;
    this.socket.io.engine.close();
  }

  end() {
    this.#stand();
    this.socket.disconnect();
  }
}

export class Load {
  counts = { said: 0, questions: 0, incomplete: 0, unanswered: 0, lostConnections: 0, recovered: 0, fresh: 0 };

  constructor(judge, nodes, clients) {
    this.judge = judge;
    this.rooms = Array.from({ length: Math.ceil(clients / MEMBERS) }, (_, n) => `room ${n}`);
    this.clients = Array.from({ length: clients }, (_, n) => new Client(this, n, nodes[n % nodes.length]));
  }

  /** Resolves when the load has stopped after the signal. */
  run(signal) {
    return Promise.all(this.clients.map((client) => client.run(signal)));
  }

  /** Who should be online, as long as all are connected. */
  get users() {
    return [...new Set(this.clients.map(({ user }) => user))].sort();
  }

  get connected() {
    return this.clients.filter(({ socket }) => socket.connected).length;
  }

  end() {
    for (const client of this.clients) client.end();
  }
}
