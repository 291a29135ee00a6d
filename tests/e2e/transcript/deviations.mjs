// Where roomcast does something else than the reference implementation, each with its reason. What
// is not here is the same.

const CLOSE = { ev: "ws-frame", dir: "s2c", type: "close", payload: Buffer.alloc(0) };
const refusal = (text) => ({
  status: 400,
  headers: [
    ["Content-Type", "text/html"],
    ["Content-Length", String(text.length)],
  ],
  body: { text },
});

/** A socket that goes because of what its client sent, not because the client went. */
const forced = (nsp, n) => ({
  [`server disconnecting #${n}`]: [{ args: [nsp, "forced close", { rooms: ["A".repeat(20)] }] }],
  [`server disconnect #${n}`]: [{ args: [nsp, "forced close"] }],
});

/**
 * `instead`: the events that take the place of a recorded one, by its key; `"same"` is the recorded
 * one, anything else changes fields of it.
 */
export const DEVIATIONS = [
  {
    scenario: "websocket edge cases",
    why: "an Engine.IO close packet closes the session, as the protocol says; Node ignores it",
    instead: { "ws-tcp-close 5": [CLOSE, "same"] },
  },
  {
    scenario: "websocket edge cases",
    why: "a second CONNECT before the first is answered is invalid; Node makes two sockets of it",
    instead: {
      "server connection #24": [],
      "s2c frame 22 #4": [CLOSE],
      "c2s frame 22 #4": [],
      "server event #7": [],
      ...forced("/", 22),
      ...forced("/two", 23),
      "server disconnecting #24": [],
      "server disconnect #24": [],
    },
  },
  {
    scenario: "websocket edge cases",
    why: "an event without a name concerns no handler, a catch-all included",
    instead: { "server event #9": [] },
  },
  {
    scenario: "initial handshake errors",
    why: "a WebSocket of another revision is refused; Node accepts it and then writes the refusal into it",
    instead: {
      "ws-response 2": [refusal("Unsupported protocol version")],
      "s2c frame 2 #1": [],
      "ws-response 3": [refusal("Unsupported protocol version")],
      "s2c frame 3 #1": [],
    },
  },
  {
    scenario: "initial handshake errors",
    why: "what is not below the hub's path is the application's: actix-web answers it",
    instead: {
      "capture websocket upgrade on another path (destroyUpgrade): answer": [
        { args: ["HTTP/1.1 404 Not Found\r\n\r\n"] },
      ],
    },
  },
  {
    scenario: "initial handshake errors",
    why: "the status tells; no client shows a text for a key that no client sends",
    instead: Object.fromEntries(
      ["bad", "no"].map((which) => [
        `capture websocket handshake with ${which} key: answer`,
        [{ args: ["HTTP/1.1 400 Bad Request\r\n\r\n"] }],
      ]),
    ),
  },
];

/** Scenarios of what roomcast does not do. */
export const UNSUPPORTED = [
  { scenario: "jsonp", why: "every browser of the last decade has CORS" },
];

/** Scenarios that wait for a feature. */
export const NOT_YET = [
  { scenario: "polling-only session", feature: "long-polling" },
  { scenario: "upgrade", feature: "long-polling" },
  { scenario: "binary event with ack (polling)", feature: "long-polling" },
  { scenario: "namespaces", feature: "dynamic namespaces" },
  { scenario: "disconnects (polling)", feature: "long-polling" },
  { scenario: "connection state recovery", feature: "recovery" },
  { scenario: "connection state recovery refused", feature: "recovery" },
  { scenario: "msgpack parser", feature: "the msgpack parser" },
  { scenario: "heartbeat", feature: "long-polling" },
  { scenario: "connectTimeout", feature: "long-polling" },
  { scenario: "http compression", feature: "long-polling" },
  { scenario: "permessage-deflate", feature: "permessage-deflate" },
  { scenario: "cookie", feature: "long-polling" },
  { scenario: "cookie with options", feature: "long-polling" },
  { scenario: "cors", feature: "long-polling" },
  { scenario: "cors star", feature: "long-polling" },
  { scenario: "cors off (default)", feature: "long-polling" },
  { scenario: "allowRequest", feature: "long-polling" },
  { scenario: "initial handshake errors", feature: "long-polling" },
  { scenario: "requests with a sid", feature: "long-polling" },
  { scenario: "upgrade edge cases", feature: "long-polling" },
  { scenario: "server writes while no poll is pending", feature: "long-polling" },
  { scenario: "client files", feature: "serve_client" },
];
