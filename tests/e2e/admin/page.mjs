// An admin page as the server sees it, which keeps what it is told.

import { within } from "../server.mjs";

export class Page {
  /** Events in the order of their arrival, as arrays with the name first. */
  events = [];
  #arrived = new Set();

  constructor(socket) {
    this.socket = socket;
    socket.onAny((...event) => {
      this.events.push(event);
      for (const look of this.#arrived) look();
    });
  }

  /** Looks at the events again and again as they arrive, until there is something to see. */
  async until(what, see) {
    let look;
    const seen = new Promise((resolve) => {
      look = () => {
        const found = see(this.events);
        if (found) resolve(found);
      };
    });
    this.#arrived.add(look);
    look();
    try {
      return await within(seen, what);
    } catch (error) {
      throw new Error(`${error.message}; told: ${this.events.map(([name]) => name)}`);
    } finally {
      this.#arrived.delete(look);
    }
  }

  /** The arguments of the first event of that name that fits. */
  async told(name, fits = () => true) {
    const [, ...args] = await this.until(name, (events) => events.find(([event, ...args]) => event === name && fits(...args)));
    return args;
  }

  /** All of a socket so far: each event without its name's socket and time. */
  of(id) {
    return this.events.flatMap(([name, ...args]) => {
      switch (name) {
        case "socket_connected":
        case "socket_updated":
          return args[0].id === id ? [[name, args[0]]] : [];
        case "room_joined":
        case "room_left":
          return args[2] === id ? [[name, args[1]]] : [];
        case "socket_disconnected":
        case "event_received":
        case "event_sent":
          return args[1] === id ? [[name, args[2]]] : [];
        default:
          return [];
      }
    });
  }

  /** What it does to sockets. */
  do(...command) {
    this.socket.emit(...command);
  }
}
