// Where roomcast does something else than the reference implementation, each with its reason. What
// is not here is the same.

const CLOSE = { ev: "ws-frame", dir: "s2c", type: "close", payload: Buffer.alloc(0) };
const GOING_AWAY = { payload: Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from("server draining")]) };
const refusal = (text) => ({
  status: 400,
  headers: [
    ["Content-Type", "text/html"],
    ["Content-Length", String(text.length)],
  ],
  body: { text },
});

const told = (code, message) => ({
  ev: "server",
  name: "engine connection_error",
  args: [code, message],
});

/** A handshake that is refused, where Node accepts it and closes at once. */
const refused = (conn, code, text) => ({
  [`ws-response ${conn}`]: [refusal(text), told(code, text)],
  [`s2c frame ${conn} #1`]: [],
  [`c2s frame ${conn} #1`]: [],
  [`ws-tcp-close ${conn}`]: [{ by: "server" }],
});

/** The answer to a poll. */
const payload = (...packets) => ({
  headers: [
    ["Content-Type", "text/plain; charset=UTF-8"],
    ["cache-control", "no-store"],
  ],
  body: { text: packets.join("\u001e") },
});

/** The head of a client file. */
const varying = (...more) => ({
  headers: [
    ["Cache-Control", "public, max-age=0"],
    ["ETag", '"4.8.3"'],
    ["Vary", "accept-encoding"],
    ...more,
  ],
});
const SCRIPT = ["Content-Type", "application/javascript; charset=utf-8"];

/** A socket that goes because of what its client sent, not because the client went. */
const forced = (nsp, n) => ({
  [`server disconnecting #${n}`]: [{ args: [nsp, "forced close", { rooms: ["A".repeat(20)] }] }],
  [`server disconnect #${n}`]: [{ args: [nsp, "forced close"] }],
});

const COMPRESSED_ALONE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const switching = (accept, extensions) => ({
  headers: [
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Accept", accept],
    ["Sec-WebSocket-Extensions", extensions],
  ],
});
const plain = { rsv1: false };
const packet = (text) => ({ payload: Buffer.from(text) });

/**
 * `instead`: the events that take the place of a recorded one, by its key; `"same"` is the recorded
 * one, anything else changes fields of it.
 */
export const DEVIATIONS = [
  {
    scenario: "disconnects",
    why: "the close of a server that drains says so, with code 1001; Node's has no code",
    instead: { "s2c frame 1 #4": [GOING_AWAY], "s2c frame 2 #5": [GOING_AWAY], "s2c frame 5 #4": [GOING_AWAY] },
  },
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
  {
    scenario: "binary event with ack (polling)",
    why: "a packet and its attachments leave in one answer; Node splits them over two polls",
    instead: {
      "http-response 4": [
        payload(
          '463-0[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"nested":[{"_placeholder":true,"num":2}]}]',
          "bCQk=",
          "bAQID",
          "bBA==",
        ),
      ],
      "http-response 7": [],
      "http-request 8": [],
      "http-response 8": [
        {
          req: 7,
          ...payload('451-["message-back",{"_placeholder":true,"num":0}]', "bYmluYXJ5IGVjaG8="),
        },
      ],
      "http-response 11": [],
      "http-request 12": [],
    },
  },
  {
    scenario: "requests with a sid",
    why: "a POST that is broken off is told so; Node cuts its connection",
    instead: { "http-response 10": [{ connectionClosed: false, status: 400, headers: [] }] },
  },
  {
    scenario: "client files",
    why: "a cache between must not give one client what is encoded for another",
    instead: {
      "http-response 1": [varying(SCRIPT)],
      "http-response 5": [varying(SCRIPT, ["Content-Encoding", "gzip"])],
    },
  },
  {
    scenario: "client files",
    why: "a 304 bears the headers that the 200 would have had (RFC 9110, section 15.4.5)",
    instead: Object.fromEntries([2, 3, 4].map((req) => [`http-response ${req}`, [varying()]])),
  },
  {
    scenario: "allowRequest",
    why: "`connection_error` tells what the client was told; Node tells the code's own text",
    instead: {
      "server engine connection_error #2": [told(4, "not today")],
      "server engine connection_error #4": [told(4, "not today")],
    },
  },
  {
    scenario: "initial handshake errors",
    why: "an upgrade that names polling is refused before it is a WebSocket",
    instead: refused(6, 0, "Transport unknown"),
  },
  {
    scenario: "upgrade edge cases",
    why: "an upgrade that cannot succeed is refused before it is a WebSocket",
    instead: {
      ...refused(2, 3, "Bad request"),
      ...refused(11, 3, "Bad request"),
      // The HTTP server takes its time to end a connection, the attempt to upgrade has none.
      "ws-tcp-close 11": [],
      "ws-tcp-close 10": ["same", { conn: 11 }],
      ...refused(14, 0, "Transport unknown"),
    },
  },
  {
    scenario: "upgrade edge cases",
    why: "a session that began on WebSocket has nothing to upgrade; Node moves it to the new connection",
    instead: {
      "ws-response 16": [
        refusal("Bad request"),
        told(3, "Bad request"),
        { ev: "ws-tcp-close", by: "server" },
      ],
      "c2s frame 16 #1": [],
      "s2c frame 16 #1": [],
      "c2s frame 16 #2": [],
      "s2c frame 15 #2": [],
      "c2s frame 15 #1": [],
      "ws-tcp-close 15": [],
      "c2s frame 16 #3": [],
      "server connection #13": [],
      "s2c frame 16 #2": [],
    },
  },
  {
    scenario: "permessage-deflate",
    why: "every message is compressed by itself, so that compressors and broadcasts are shared",
    instead: {
      "ws-response 1": [switching("j5L+ov3DuOcPmsP5JgqSRXzFq1w=", COMPRESSED_ALONE)],
      "ws-response 3": [
        switching("R4dGpEjOOCFFeAOcJRZVx0AVsyE=", `${COMPRESSED_ALONE}; client_max_window_bits=10`),
      ],
      // So the threshold counts for all messages.
      ...Object.fromEntries([1, 3].flatMap((conn) => [1, 2, 3].map((n) => [`s2c frame ${conn} #${n}`, [plain]]))),
    },
  },
  {
    scenario: "connection state recovery",
    why: "a volatile event is dropped when the socket takes no more; Node drops it behind any other of the same tick",
    instead: { "s2c frame 1 #6": [packet('42["volatile","Q82-IvN.1"]'), "same"] },
  },
  {
    scenario: "connection state recovery",
    why: "a session is restored once, and not after its client has left; Node restores it until it expires",
    instead: {
      "server connection #3": [{ args: ["/", { recovered: false, rooms: ["A".repeat(20)] }] }],
      "s2c frame 3 #2": [packet(`40{"sid":"${"A".repeat(20)}","pid":"${"B".repeat(20)}"}`)],
    },
  },
];

/** Scenarios of what roomcast does not do. */
export const UNSUPPORTED = [
  { scenario: "jsonp", why: "every browser of the last decade has CORS" },
];
