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

/**
 * The server will close.
 */
export type Closing = { minutes: number, };

export type Receipt = { 
/**
 * The number of the message.
 */
id: number, };

/**
 * Somebody else has said something.
 */
export type Said = { text: string, };

/**
 * Says something to everybody else.
 */
export type Say = { text: string, 
/**
 * The message that it answers.
 */
answers: number | null, };

/**
 * What the room is called, to who comes.
 */
export type Welcome = string;

/** What a client of `/` sends to connect: `auth` in its options. */
export type ConnectAuth = Record<string, unknown> | undefined;

/** What a client of `/` emits. */
export interface ClientToServerEvents {
  /**
   * Says something to everybody else.
   */
  "say": (payload: Optional<Say, "answers">, ack: (answer: Receipt | Rejected) => void) => void;
}

/** What a client of `/` listens to. */
export interface ServerToClientEvents {
  /**
   * What the room is called, to who comes.
   */
  "welcome": (payload: Welcome) => void;
  /**
   * Somebody else has said something.
   *
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "said": (payload: Said) => void;
  /**
   * The server will close.
   *
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "closing": (payload: Closing) => void;
}
