// The ways in which the official client can talk to the server. Each feature is tested over all of
// them.

import parser from "socket.io-msgpack-parser";

const POLLING = { transports: ["polling"] };
const WEBSOCKET = { transports: ["websocket"] };
const UPGRADE = { transports: ["polling", "websocket"] };

const MSGPACK = [{ parser }, { PARSER: "msgpack" }];
const BODY_STREAM = { MODE: "body" };
const PARKED = { PARK: "0" };
const COMPRESSED = [{ perMessageDeflate: { threshold: 100 } }, { DEFLATE: "1" }];

/** `options` are the client's, `env` is the server's environment. */
const variant = (name, transports, ...settings) => ({
  name,
  options: Object.assign({}, transports, ...settings.map(([options]) => options)),
  env: Object.assign({}, ...settings.map(([, env]) => env)),
});

export const VARIANTS = [
  variant("polling", POLLING),
  variant("polling, parked at once", POLLING, [{}, PARKED]),
  variant("WebSocket", WEBSOCKET),
  variant("upgrade", UPGRADE),
  variant("polling, msgpack", POLLING, MSGPACK),
  variant("WebSocket, msgpack", WEBSOCKET, MSGPACK),
  variant("upgrade, msgpack", UPGRADE, MSGPACK),
  variant("WebSocket, body stream", WEBSOCKET, [{}, BODY_STREAM]),
  variant("upgrade, parked at once", UPGRADE, [{}, PARKED]),
  variant("upgrade, body stream, compressed", UPGRADE, [{}, BODY_STREAM], COMPRESSED),
];
