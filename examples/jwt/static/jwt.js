// The token for the socket is kept in memory only. What gets the next one is a cookie that scripts cannot read.

import { io } from "/socket.io/client.js";
import { byId, element, followStatus, keepLast, onSubmit, request, showStatus } from "./page.js";

const AGAIN = 1_000; // ms until a renewal that has failed is tried again
const SHOWN = 100; // lines

const socket = io({ autoConnect: false });
followStatus(socket);

let validUntil; // ms, by the page's own clock: the server says how long, not until when

function log(text, kind = "") {
  byId("log").append(element("li", kind, text));
  keepLast(byId("log"), SHOWN);
  byId("log").scrollTop = byId("log").scrollHeight;
}

// ---- Tokens -------------------------------------------------------------------------------------

/** POST logs in, PUT gets another token, DELETE logs out. */
async function login(method, body) {
  const options = { method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch("/login", options);
  if (!response.ok) throw Object.assign(new Error(await response.text()), { status: response.status });
  return response.status === 204 ? undefined : response.json();
}

function connect({ token }) {
  socket.auth = { token };
  socket.disconnect().connect();
}

let again; // one timer, however many things have asked for a new token

function tryAgain(what) {
  clearTimeout(again);
  again = setTimeout(what, AGAIN);
}

/** While the socket is connected: it stays, with its rooms and all that the server knows of it. */
async function renew() {
  clearTimeout(again);
  if (!byId("renew").checked || !socket.connected) return;
  try {
    const { token } = await login("PUT");
    valid(await request(socket, "renew", { token }));
    socket.auth = { token }; // for the next connection
    log("The token was renewed.", "good");
  } catch (error) {
    if (error.status === 401) return showLoggedOut(error.message);
    if (!error.refused) return tryAgain(renew); // the network
    log(`The token was not renewed: ${error.message}`, "bad"); // for instance: somebody else has logged in, in another tab
    byId("again").hidden = false;
  }
}

/** When the socket was not let in, or has ended: with a new token. */
async function comeBack() {
  clearTimeout(again);
  try {
    connect(await login("PUT"));
  } catch (error) {
    if (error.status === 401) showLoggedOut();
    else tryAgain(comeBack);
  }
}

socket.on("token_expires", ({ expires_in }) => {
  log(`The server says: ${expires_in} s left.`, "warn");
  renew();
});

byId("renew").addEventListener("change", renew);

function valid(seconds) {
  validUntil = Date.now() + seconds * 1_000;
  byId("meter").max = seconds;
}

setInterval(() => {
  const left = Math.max(0, Math.ceil((validUntil - Date.now()) / 1_000)) || 0;
  byId("left").textContent = socket.connected ? left : 0;
  byId("meter").value = socket.connected ? left : 0;
}, 250);

// ---- The socket ---------------------------------------------------------------------------------

socket.on("welcome", ({ name, role, expires_in }) => {
  valid(expires_in);
  byId("name").textContent = name;
  byId("role").textContent = role;
  byId("disconnect").hidden = role !== "admin";
  byId("login").hidden = true;
  byId("again").hidden = true;
  byId("account").hidden = false;
  log(`Connected as ${name}.`, "good");
});

socket.on("disconnect", (reason) => {
  log(`Disconnected: ${reason}`, "bad");
  // The server has ended the socket: the client does not come back by itself.
  if (!socket.active) byId("again").hidden = false;
});

socket.on("connect_error", (error) => {
  if (socket.active) return; // it is tried again
  log(`Not let in: ${error.message}`, "bad");
  if (error.message === "token_expired") comeBack(); // for instance: the machine was asleep
  else byId("again").hidden = false;
});

socket.on("said", ({ name, text }) => log(`${name}: ${text}`));

// ---- Forms --------------------------------------------------------------------------------------

onSubmit(byId("login"), async (form) => {
  connect(await login("POST", Object.fromEntries(form)));
});

onSubmit(byId("say"), async (form) => {
  await request(socket, "say", form.get("text"));
  byId("say").reset();
});

onSubmit(byId("disconnect"), async (form) => {
  await request(socket, "disconnect_user", { name: form.get("name") });
  byId("disconnect").reset();
});

byId("again").addEventListener("click", comeBack);

byId("logout").addEventListener("click", async () => {
  try {
    await login("DELETE");
  } catch (error) {
    // 401: it was over already. After anything else the cookie may be there still.
    if (error.status !== 401) return log(`Not logged out: ${error.message}`, "bad");
  }
  showLoggedOut();
});

function showLoggedOut(error = "") {
  socket.disconnect();
  byId("login").hidden = false;
  byId("login").querySelector(".error").textContent = error;
  byId("account").hidden = true;
  showStatus("connecting", "Logged out");
}

// Whoever is logged in still is after a reload.
login("PUT").then(connect, () => showStatus("connecting", "Logged out"));
