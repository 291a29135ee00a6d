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
 * Puts something on the list.
 */
export type Create = { title: string, };

/**
 * Somebody else has put it on the list.
 */
export type Created = Todo;

/**
 * Answered with its id, also where it has gone before.
 */
export type Delete = { id: number, };

/**
 * The id of one that is no more.
 */
export type Deleted = number;

/**
 * What is wrong with which field, for people to read: the data of every rejection here.
 */
export type Fields = { title: string, };

export type Todo = { id: number, title: string, done: boolean, };

/**
 * Changes what is there.
 */
export type Update = { id: number, title: string | null, done: boolean | null, };

/**
 * Somebody else has changed it.
 */
export type Updated = Todo;

/** What a client of `/` sends to connect: `auth` in its options. */
export type ConnectAuth = Record<string, unknown> | undefined;

/** What a client of `/` emits. */
export interface ClientToServerEvents {
  /**
   * All that is on the list.
   */
  "todo:list": (ack: (answer: Array<Todo> | Rejected<Fields>) => void) => void;
  /**
   * Puts something on the list.
   */
  "todo:create": (payload: Create, ack: (answer: Todo | Rejected<Fields>) => void) => void;
  /**
   * Changes what is there.
   */
  "todo:update": (payload: Optional<Update, "done" | "title">, ack: (answer: Todo | Rejected<Fields>) => void) => void;
  /**
   * Answered with its id, also where it has gone before.
   */
  "todo:delete": (payload: Delete, ack: (answer: number | Rejected<Fields>) => void) => void;
}

/** What a client of `/` listens to. */
export interface ServerToClientEvents {
  /**
   * Somebody else has put it on the list.
   *
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "todo:created": (payload: Created) => void;
  /**
   * Somebody else has changed it.
   *
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "todo:updated": (payload: Updated) => void;
  /**
   * The id of one that is no more.
   *
   * Broadcast: to rooms, or to everyone in the namespace.
   */
  "todo:deleted": (payload: Deleted) => void;
}
