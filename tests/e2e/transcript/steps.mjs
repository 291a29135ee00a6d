// What happens besides the traffic: what the application is told to do, and when.

/** Before which event of a scenario the application does a step. */
export const STEPS = {
  "connection state recovery": {
    "s2c frame 1 #3": "emit while connected",
    "ws-request 2": "emit while away",
    "s2c frame 2 #7": "emit after",
  },
  "server writes while no poll is pending": {
    "http-request 4": "emit without a poll",
    "http-response 5": "emit volatile to a poll",
  },
};

/** Labels after which the application does what they say. */
export const isStep = (label) => /^(server: |io\.|socket\[|disconnect\(true\))/.test(label);

/** The label after which all connections are cut. */
export const CUT = "network cut";

const upgrade = (path, ...lines) =>
  [`GET ${path} HTTP/1.1`, "Host: x", "Connection: Upgrade", "Upgrade: websocket", ...lines, "", ""].join("\r\n");
const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";

/** What was sent outside of the proxy; only the answers were recorded. */
export const RAW = {
  "raw request with a control character in Origin (sent directly): answer":
    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: http://a\x01b\r\n\r\n",
  "websocket upgrade on another path (destroyUpgrade): answer":
    upgrade("/other", "Sec-WebSocket-Version: 13", KEY),
  "websocket handshake with version 8: answer": upgrade(WEBSOCKET, "Sec-WebSocket-Version: 8", KEY),
  "websocket handshake with bad key: answer":
    upgrade(WEBSOCKET, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: abc"),
  "websocket handshake with no key: answer": upgrade(WEBSOCKET, "Sec-WebSocket-Version: 13"),
};
