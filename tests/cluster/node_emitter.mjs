// @socket.io/redis-emitter, asked in the way in which nodes are asked.

import { Emitter } from "@socket.io/redis-emitter";
import { connect } from "./clients.mjs";

export class NodeEmitter {
  #client;
  #options;

  static async connect({ redis, env }) {
    const emitter = new NodeEmitter();
    emitter.#options = env.PREFIX && { key: env.PREFIX };
    emitter.#client = await connect(redis.url);
    return emitter;
  }

  async emit(event, args, target = {}) {
    this.#target(target).emit(event, ...args);
  }

  async ask(op, request) {
    const target = this.#target(request);
    if (op === "join") return target.socketsJoin(request.rooms);
    if (op === "leave") return target.socketsLeave(request.rooms);
    if (op === "disconnect") return target.disconnectSockets(request.close);
    if (op === "serverSideEmit") return this.#of(request).serverSideEmit(request.event, ...request.args);
    throw new Error(`emitters cannot ${op}`);
  }

  stop() {
    return this.#client.disconnect();
  }

  #of({ nsp = "/" }) {
    return new Emitter(this.#client, this.#options).of(nsp);
  }

  #target(request) {
    let target = this.#of(request).to(request.to ?? []).except(request.except ?? []);
    if (request.volatile) target = target.volatile;
    if (request.compress === false) target = target.compress(false);
    return target;
  }
}
