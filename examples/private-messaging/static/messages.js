// Messages are kept by the server. What is kept here is only the secret by which this browser is known there.

import { io } from "/socket.io/client.js";
import { byId, element, followStatus, onSubmit, request } from "./page.js";

const SECRET = "private-messaging secret";

const people = new Map(); // id to { id, name, unread, online, messages: seq to message }
let me; // { id, name }
let open; // the person whose conversation is on screen

const socket = io({ autoConnect: false });
followStatus(socket);

// ---- Who we are ---------------------------------------------------------------------------------

function connect(auth) {
  socket.auth = auth;
  socket.connect();
}

socket.on("identity", ({ id, name, secret }) => {
  localStorage.setItem(SECRET, secret);
  socket.auth = { secret }; // by which the socket comes back after a lost connection, too
  me = { id, name };
  byId("me").textContent = name;
  byId("enter").hidden = true;
  byId("messages").hidden = false;
});

socket.on("connect_error", (error) => {
  if (socket.active) return; // it is tried again
  const forgotten = error.message === "unknown_secret";
  if (forgotten) {
    // The server was restarted: it knows none of those that are shown.
    localStorage.removeItem(SECRET);
    people.clear();
    open = undefined;
  }
  askName(forgotten ? "" : error.message);
});

function askName(error = "") {
  byId("enter").hidden = false;
  byId("messages").hidden = true;
  byId("enter").querySelector(".error").textContent = error;
}

/** Made here, so that who does not get the answer to the first attempt is known in the next one. */
function newSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

onSubmit(byId("enter"), (form) => connect({ name: form.get("name").trim(), secret: newSecret() }));

byId("forget").addEventListener("click", () => {
  localStorage.removeItem(SECRET);
  location.reload();
});

// ---- Whom we can write to -----------------------------------------------------------------------

function know(contact) {
  const known = people.get(contact.id) ?? { online: false, messages: new Map() };
  people.set(contact.id, Object.assign(known, contact));
}

socket.on("people", (contacts) => {
  contacts.forEach(know);
  showPeople();
  if (open) show(open); // what was missed
});

socket.on("person", (contact) => {
  know(contact);
  showPeople();
});

socket.on("presence_state", ({ present }) => {
  for (const person of people.values()) person.online = false;
  setOnline(present.map(({ key }) => key), true);
});

socket.on("presence_diff", ({ joins, leaves }) => {
  setOnline(leaves, false);
  setOnline(joins.map(({ key }) => key), true);
});

function setOnline(ids, online) {
  for (const id of ids) if (people.has(id)) people.get(id).online = online;
  showPeople();
}

function showPeople() {
  const sorted = [...people.values()].sort((a, b) => b.online - a.online || a.name.localeCompare(b.name));
  byId("people").replaceChildren(...sorted.map(personItem));
  byId("alone").hidden = people.size > 0;
}

function personItem(person) {
  const button = element("button", "", element("span", "dot"), element("span", "name", person.name));
  button.title = person.online ? "online" : "not here; will find it later";
  if (person.unread) button.append(element("span", "badge", `${person.unread}`));
  if (person === open) button.ariaCurrent = "true";
  button.addEventListener("click", () => show(person));
  const item = element("li", "", button);
  item.dataset.online = person.online;
  return item;
}

// ---- Messages -----------------------------------------------------------------------------------

async function show(person) {
  open = person;
  byId("with").textContent = person.name;
  for (const control of byId("write").querySelectorAll("input, button")) control.disabled = false;
  showMessages();
  showPeople();
  const after = Math.max(0, ...person.messages.keys());
  try {
    for (const message of await request(socket, "conversation", { with: person.id, after })) keep(person, message);
  } catch {
    return; // the connection was lost; the next one asks again
  }
  if (person !== open) return;
  showMessages();
  markRead(person);
}

function keep(person, message) {
  person.messages.set(message.seq, message);
}

/** By their numbers: what comes twice, as answer and as event, is there once. */
function showMessages() {
  const messages = [...open.messages.values()].sort((a, b) => a.seq - b.seq);
  byId("log").replaceChildren(...messages.map(messageItem));
  byId("log").scrollTop = byId("log").scrollHeight;
}

function messageItem({ from, text, at }) {
  const time = element("time", "", new Date(at).toLocaleTimeString());
  return element("li", from === me.id ? "mine" : "", text, time);
}

function markRead(person) {
  if (!person.unread || document.hidden) return;
  person.unread = 0;
  socket.emit("read", { with: person.id, seq: Math.max(0, ...person.messages.keys()) });
  showPeople();
}

socket.on("message", (message) => {
  const person = people.get(message.from === me.id ? message.to : message.from);
  if (!person) return;
  keep(person, message);
  if (message.from === person.id) person.unread++;
  if (person === open) {
    showMessages();
    markRead(person);
  }
  showPeople();
});

// Another of our tabs has shown them.
socket.on("read", ({ with: id }) => {
  if (people.has(id)) people.get(id).unread = 0;
  showPeople();
});

document.addEventListener("visibilitychange", () => open && markRead(open));

onSubmit(byId("write"), async (form) => {
  const person = open;
  const message = await request(socket, "write", { to: person.id, text: form.get("text") });
  byId("write").reset();
  keep(person, message);
  if (person === open) showMessages();
});

// ---- Start --------------------------------------------------------------------------------------

const secret = localStorage.getItem(SECRET);
if (secret) connect({ secret });
else askName();
