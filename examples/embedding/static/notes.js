// Logging in and the list are HTTP, as before there were sockets. What changes comes over the socket.

import { io } from "/socket.io/client.js";
import { byId, element, followStatus, onSubmit, request, showStatus } from "./page.js";

const FADES = 2_000; // ms

const notes = new Map(); // by id
let me;

// The cookie of the session goes with the handshake: there is nothing to say as `auth`.
const socket = io({ autoConnect: false });
followStatus(socket);

/** Asks the application; what it refuses is thrown with its words. */
async function ask(method, path, body) {
  const options = { method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch(`/api/${path}`, options);
  if (!response.ok) throw Object.assign(new Error(await response.text()), { status: response.status });
  return response.status === 204 ? undefined : response.json();
}

// ---- Notes --------------------------------------------------------------------------------------

/** What was removed since the list was asked for, which may have it still; until the list is there. */
let removedMeanwhile;

/** Whenever the socket connects, also again: what came meanwhile is in the list. */
socket.on("connect", async () => {
  const removed = (removedMeanwhile = new Set());
  notes.clear();
  try {
    const all = await ask("GET", "notes");
    if (removed !== removedMeanwhile) return; // it was asked for anew
    removedMeanwhile = undefined;
    for (const note of all) if (!removed.has(note.id)) notes.set(note.id, note);
    show();
  } catch (error) {
    if (error.status === 401) showLogin();
  }
});

socket.on("note", add);
socket.on("removed", remove);

function add(note) {
  notes.set(note.id, note);
  show();
}

function remove(id) {
  removedMeanwhile?.add(id);
  notes.delete(id);
  show();
}

function show() {
  const newest = [...notes.values()].sort((one, other) => other.id - one.id);
  byId("notes").replaceChildren(...newest.map(noteItem));
}

function noteItem({ id, author, text }) {
  const foot = element("footer", "", element("span", "", author));
  if (author === me) {
    const button = element("button", "small", "Remove");
    button.addEventListener("click", () => socket.emit("remove", id));
    foot.append(button);
  }
  return element("li", "card", element("p", "", text), foot);
}

onSubmit(byId("add"), async (form) => {
  const text = form.get("text").trim();
  if (form.get("by") === "http") add(await ask("POST", "notes", { text }));
  else add(await request(socket, "add", { text }));
  byId("add").elements.text.value = "";
});

byId("add").elements.text.addEventListener("input", () => socket.volatile.emit("writing"));

let fading;
socket.on("writes", (name) => {
  byId("writing").textContent = `${name} is writing…`;
  clearTimeout(fading);
  fading = setTimeout(() => (byId("writing").textContent = ""), FADES);
});

// ---- Login --------------------------------------------------------------------------------------

function enter({ name }) {
  me = name;
  byId("me").textContent = name;
  byId("login").hidden = true;
  byId("board").hidden = false;
  socket.connect();
}

function showLogin() {
  socket.disconnect();
  byId("login").hidden = false;
  byId("board").hidden = true;
  showStatus("connecting", "Logged out");
}

onSubmit(byId("login"), async (form) => enter(await ask("POST", "session", Object.fromEntries(form))));

byId("logout").addEventListener("click", async () => {
  socket.disconnect(); // before the server does, which would be taken for a logout elsewhere
  try {
    await ask("DELETE", "session");
    showLogin();
  } catch (error) {
    socket.connect();
    showStatus("refused", `Not logged out: ${error.message}`);
  }
});

/** Whether the session of this browser is over: the account may have been logged out in another one. */
async function look() {
  try {
    enter(await ask("GET", "session"));
  } catch (error) {
    if (error.status === 401) showLogin();
  }
}

socket.on("disconnect", (reason) => reason === "io server disconnect" && look());

// A handshake without a session is refused, which to the client is a server that does not answer.
socket.on("connect_error", look);

ask("GET", "session").then(enter, showLogin);
