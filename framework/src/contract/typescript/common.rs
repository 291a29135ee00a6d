//! What every module declares for its own types to refer to.

/// Behind the header, before the types of the application.
pub(super) const COMMON: &str = "
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
";

/// The names that `COMMON` declares.
pub(super) const COMMON_NAMES: [&str; 6] = [
    "Asking", "Optional", "Refused", "Rejected", "TooMany", "Without",
];
