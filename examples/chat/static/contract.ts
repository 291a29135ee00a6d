// Written by roomcast from the types of the server (`Hub::contract`): change those, not this file.

/** The answer in the place of the declared one, where the server refuses an event; `D` is what its handler tells. */
export interface Rejected<D = unknown> {
  error: { message: string; data?: D | TooMany };
}

/** Where a limit on events is reached: what of it, and for how many milliseconds. */
export interface TooMany {
  limit: string;
  retryAfter: number;
}

/** What `connect_error` is called with, where the server refuses a client. */
export interface Refused extends Error {
  data?: unknown;
}

/** `T` without the fields `K`, each form of a union for itself. */
export type Without<T, K extends PropertyKey> = T extends unknown
  ? { [P in keyof T as P extends K ? never : P]: T[P] }
  : never;

/** `T` without the need to send the fields `K`, for which the server has defaults. */
export type Optional<T, K extends PropertyKey> = T extends unknown
  ? Without<T, K> & { [P in keyof T as P extends K ? P : never]?: T[P] }
  : never;

/**
 * What the server emits, for `Server` of socket.io: no callback is optional there, since its `emitWithAck` takes only
 * events that must have one.
 */
export type Asking<E> = {
  [K in keyof E]: E[K] extends (...args: infer A) => void
    ? Required<A> extends [...unknown[], (...args: any[]) => void]
      ? (...args: Required<A>) => void
      : E[K]
    : E[K];
};

export type Auth = { nick: string, };

/**
 * Comes to a room.
 */
export type Join = { room: string, 
/**
 * The last message that is known already, 0 for none.
 */
after: number, };

export type Leave = { room: string, };

export type Message = { room: string, seq: number, from: string, text: string, 
/**
 * Milliseconds since 1970.
 */
at: number, };

export type Room = { members: Array<string>, history: Array<Message>, seq: number, };

/**
 * All rooms, and how many people are in each.
 */
export type Rooms = { [key in string]: number };

export type Say = { room: string, text: string, };

/**
 * Someone writes, or has stopped to.
 */
export type Typing = { room: string, nick: string, active: boolean, };

/** What a client of `/` sends to connect: `auth` in its options. */
export type ConnectAuth = Auth;

/** What a client of `/` emits. */
export interface ClientToServerEvents {
  /**
   * Comes to a room.
   */
  "join": (payload: Optional<Join, "after">, ack: (answer: Room | Rejected) => void) => void;
  "leave": (payload: Leave) => void;
  "say": (payload: Say, ack: (answer: Message | Rejected) => void) => void;
  /**
   * Someone writes, or has stopped to.
   */
  "typing": (payload: Without<Typing, "nick">) => void;
}

/** What a client of `/` listens to. */
export interface ServerToClientEvents {
  /**
   * All rooms, and how many people are in each.
   */
  "rooms": (payload: Rooms) => void;
  /**
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "message": (payload: Message) => void;
  /**
   * Someone writes, or has stopped to.
   *
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "typing": (payload: Typing) => void;
  /**
   * A room, and who has come to it.
   *
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "joined": (arg0: string, arg1: string) => void;
  /**
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "left": (arg0: string, arg1: string) => void;
}
