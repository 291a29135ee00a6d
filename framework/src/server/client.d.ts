// The types of client.js, for editors and for `tsc`. With those of a contract, a socket is a
// `Socket<ServerToClientEvents, ClientToServerEvents>`.

/** Events by name, each as a function of its arguments. */
type Events<E> = { [K in keyof E]: (...args: any[]) => void };
type Untyped = { [event: string]: (...args: any[]) => void };

type Args<F> = F extends (...args: infer A) => any ? A : never;
/** The arguments before a callback, and the answer that it takes. */
type Asked<F> = any[] extends Args<F> ? { args: any[]; answer: any } : Required<Args<F>> extends [...any[], (answer: infer R, ...more: any[]) => any]
  ? Args<F> extends [...infer A, any?]
    ? { args: A; answer: R }
    : never
  : never;

interface OwnEvents {
  connect: () => void;
  connect_error: (error: Error & { data?: any }) => void;
  disconnect: (reason: string) => void;
}

type Listener<L, E> = E extends keyof OwnEvents ? OwnEvents[E] : E extends keyof L ? L[E] : never;

/** One client in one namespace: `Listen` are the events that the server emits, `Emit` those that it handles. */
export interface Socket<Listen extends Events<Listen> = Untyped, Emit extends Events<Emit> = Listen> {
  readonly id: string | undefined;
  readonly nsp: string;
  readonly connected: boolean;
  readonly disconnected: boolean;
  /** Connected, or will be. */
  readonly active: boolean;
  readonly recovered: boolean;
  readonly io: Manager;
  auth: Auth | undefined;
  /** The next emit is dropped if it cannot be sent at once. */
  readonly volatile: this;
  /** How long the next emit waits for its ack, in ms. */
  timeout(ms: number): this;
  connect(): this;
  open(): this;
  disconnect(): this;
  close(): this;
  on<E extends keyof Listen | keyof OwnEvents>(event: E, listener: Listener<Listen, E>): this;
  once<E extends keyof Listen | keyof OwnEvents>(event: E, listener: Listener<Listen, E>): this;
  off<E extends keyof Listen | keyof OwnEvents>(event?: E, listener?: Listener<Listen, E>): this;
  listeners<E extends keyof Listen | keyof OwnEvents>(event: E): Listener<Listen, E>[];
  onAny(listener: (event: string, ...args: any[]) => void): this;
  offAny(listener?: (event: string, ...args: any[]) => void): this;
  emit<E extends keyof Emit>(event: E, ...args: Args<Emit[E]>): this;
  emitWithAck<E extends keyof Emit>(event: E, ...args: Asked<Emit[E]>["args"]): Promise<Asked<Emit[E]>["answer"]>;
  send(...args: any[]): this;
}

/** The connection that the namespaces of a server share. */
export interface Manager {
  on(event: "reconnect_attempt" | "reconnect", listener: (attempt: number) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "reconnect_failed" | "ping", listener: () => void): this;
}

export type Auth = object | ((send: (auth?: object) => void) => void);

export interface Options {
  path?: string;
  auth?: Auth;
  query?: Record<string, string | number>;
  autoConnect?: boolean;
  forceNew?: boolean;
  multiplex?: boolean;
  /** In ms; `false` for no limit. */
  timeout?: number | false;
  ackTimeout?: number;
  reconnection?: boolean;
  reconnectionAttempts?: number;
  reconnectionDelay?: number;
  reconnectionDelayMax?: number;
  randomizationFactor?: number;
}

/** A socket for the namespace in the URL's path. */
export function io<Listen extends Events<Listen> = Untyped, Emit extends Events<Emit> = Listen>(
  url?: string,
  options?: Options,
): Socket<Listen, Emit>;
export function io<Listen extends Events<Listen> = Untyped, Emit extends Events<Emit> = Listen>(
  options?: Options,
): Socket<Listen, Emit>;
