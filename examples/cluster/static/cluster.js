// One room over several nodes. What arrives is shown with textContent only, so no text becomes markup.

import { io } from "./client.js"; // each server leads to its own

const ANSWER_WITHIN = 10_000; // ms
const SHOWN_AT_MOST = 500; // messages
const ASK_AGAIN = 5_000; // ms
const ASK_AT_MOST = 500; // ms between two questions

const byId = (id) => document.getElementById(id);
const log = byId("log");
const input = byId("message-input");
const dialog = byId("nick-dialog");

// The name is in the URL, so that a link opens another node with the same one.
let nick = decoded(location.hash.slice(1));

const socket = io({ autoConnect: false, auth: (send) => send({ nick }) });

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // not an encoding
  }
}

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

/** Gives each name its own hue. */
function avatar(name) {
  const hash = [...name].reduce((sum, char) => (sum * 31 + char.codePointAt()) % 360, 7);
  const node = element("span", "avatar", [...name][0] ?? "?");
  node.style.setProperty("--hue", hash);
  node.ariaHidden = "true";
  return node;
}

// ---- Connection ---------------------------------------------------------------------------------

function showState(state, text) {
  byId("status").dataset.state = state;
  byId("status").textContent = text;
  for (const control of [input, byId("composer").lastElementChild]) control.disabled = state !== "connected";
}

socket.on("connect", () => {
  location.hash = encodeURIComponent(nick);
  byId("me").replaceChildren(avatar(nick), element("span", "person-name", nick));
  byId("me").hidden = false;
  showState("connected", "Connected");
});
socket.on("disconnect", () => showState("reconnecting", "Reconnecting…"));
socket.on("connect_error", (error) => {
  if (socket.active) return showState("reconnecting", "Reconnecting…");
  byId("nick-text").textContent = error.message;
  dialog.showModal();
});
socket.on("welcome", (node) => (byId("node").textContent = `You are connected to ${node}.`));

// ---- People -------------------------------------------------------------------------------------

// Presence tells who is there, and then each change, also of those of a node that is killed, when its lease is over.
const people = new Map(); // by name

socket.on("presence_state", ({ present }) => {
  people.clear();
  enter(present);
});
socket.on("presence_diff", ({ joins, updates, leaves }) => {
  for (const name of leaves) people.delete(name);
  enter([...joins, ...updates]);
});

function enter(present) {
  for (const { key, metas } of present) people.set(key, metas);
  if (asks) askSoon();
  else showPeople();
}

// It knows nothing of those of servers on Node.js, which tell only that something has changed. Where there are such, all
// nodes are asked.
let asks = false;
let soon;

socket.on("changed", () => {
  if (!asks) setInterval(askSoon, ASK_AGAIN); // for those of a node that is killed
  asks = true;
  askSoon();
});

/** However much changes at once, it is asked once. */
function askSoon() {
  soon ??= setTimeout(async () => {
    soon = undefined;
    if (!socket.connected) return;
    const answer = await request("who").catch(() => undefined);
    if (!answer) return; // without an answer the connection is lost, and the next one asks again
    people.clear();
    for (const { key, metas } of answer) people.set(key, metas);
    showPeople();
  }, ASK_AT_MOST);
}

/** Each once, with each of their tabs. */
function showPeople() {
  const sorted = [...people].sort(([a], [b]) => a.localeCompare(b));
  byId("people").replaceChildren(
    ...sorted.map(([name, tabs]) => {
      const nodes = [...new Set(tabs.map(({ node }) => node))].sort().join(", ");
      return element("li", "", avatar(name), element("span", "name", name), element("span", "places", nodes));
    }),
  );
}

// ---- Messages -----------------------------------------------------------------------------------

socket.on("message", ({ from, text, at, node }) => {
  const time = element("time", "", new Date(at).toLocaleTimeString());
  const by = element("div", "by", element("span", "from", `${from} `, element("small", "", `on ${node}`)), time);
  const item = element("li", "message", avatar(from), by, element("div", "text", text));
  item.classList.toggle("mine", from === nick);
  log.append(item);
  log.classList.remove("empty");
  while (log.children.length > SHOWN_AT_MOST) log.firstElementChild.remove();
  byId("scroller").scrollTop = byId("scroller").scrollHeight;
});

/** Asks the server; what it refuses is thrown with the reason it gave. */
async function request(event, ...payload) {
  const answer = await socket.timeout(ANSWER_WITHIN).emitWithAck(event, ...payload);
  if (answer?.error) throw new Error(answer.error.message);
  return answer;
}

byId("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  try {
    await request("say", text);
    byId("hint").textContent = "";
  } catch (error) {
    byId("hint").textContent = `Not sent: ${error.message}`;
    input.value ||= text;
  }
});

// ---- Name ---------------------------------------------------------------------------------------

byId("nick-form").addEventListener("submit", () => {
  nick = byId("nick-input").value.trim();
  socket.connect();
});
dialog.addEventListener("cancel", (event) => event.preventDefault());

if (nick) socket.connect();
else dialog.showModal();
