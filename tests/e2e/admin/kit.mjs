// What the tests of the admin page share: servers of both kinds, clients and pages.

import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { next, startServer } from "../server.mjs";
import { Page } from "./page.mjs";

export const PASSWORD = "changeit";
/** bcrypt of the password, with the least rounds that there may be. */
export const HASH = "$2b$04$roCsQGLId/br6TLjn23rzO1MQ9jmDcOKQC.7WARj/h9gmWyyyqTXG";

export const CREDENTIALS = { username: "admin", password: PASSWORD };

/** The static files of the page. */
export const PAGE = fileURLToPath(new URL("../node_modules/@socket.io/admin-ui/ui/dist", import.meta.url));

const REFERENCE = [process.execPath, fileURLToPath(new URL("reference.mjs", import.meta.url))];

/** Servers that are to be the same to an admin page, by what they are called. */
export const KINDS = { "Node.js": REFERENCE, roomcast: undefined };

/** A server of this kind with an admin namespace. With `auth`, it asks for a password. */
export async function startWith(t, kind, { auth = false, mode = "development", readonly = false, ...env } = {}) {
  const server = await startServer({
    ADMIN: mode,
    ADMIN_PAGE: PAGE,
    ...(auth && { ADMIN_PASSWORD: HASH }),
    ...(readonly && { ADMIN_READONLY: "1" }),
    ...env,
  }, KINDS[kind]);
  t.after(() => server.stop());
  return server;
}

/** A client that has not connected yet. */
export function open(t, url, options) {
  const socket = io(url, { forceNew: true, reconnection: false, transports: ["websocket"], ...options });
  t.after(() => socket.disconnect());
  return socket;
}

/** A client of the application. */
export async function connect(t, { url }, namespace = "/", options = {}) {
  const socket = open(t, url + namespace, options);
  await next(socket, "connect");
  return socket;
}

/** An admin page that has not connected yet. */
export const openPage = (t, { url }, { namespace = "/admin", ...options } = {}) =>
  new Page(open(t, url + namespace, options));

export async function connectPage(t, server, options) {
  const page = openPage(t, server, options);
  await next(page.socket, "connect");
  return page;
}

/** Why an admin page is refused. */
export async function refused(t, server, options) {
  const [error] = await next(openPage(t, server, options).socket, "connect_error");
  return error.message;
}

/** After this, what was emitted before it by others of the same server has arrived. */
export async function settle(t, server, page) {
  const client = await connect(t, server, "/custom");
  await page.told("socket_connected", ({ id }) => id === client.id);
  return client;
}
