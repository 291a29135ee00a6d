// @ts-check
// The chat page. What arrives is shown with textContent only, so no text becomes markup.

import { io } from "/socket.io/client.js";

const DEFAULT_ROOM = "lobby";
const SHOWN_AT_MOST = 500; // messages kept in the page per room
const ANSWER_WITHIN = 10_000; // ms
const TYPING_AGAIN = 3_000; // ms between two notices while typing goes on
const TYPING_FADES = 6_000; // ms after which a notice that was not renewed is forgotten
const SAME_BREATH = 5 * 60_000; // ms within which messages of one author are grouped
const TRY_AGAIN = 2_000; // ms
const NAME_HELD = 60_000; // ms for which our own lost connection may still hold our name,
const NAME_HELD_BY_PAGE = 4_000; // and the page before a reload
const READ_OUT_AFTER = 1_000; // ms after history has come in

/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);
const scroller = byId("scroller");
const composer = byId("composer");
const input = byId("message-input");
const roomInput = byId("room-input");
const nickDialog = byId("nick-dialog");

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

function avatar(nick) {
  const node = element("span", "avatar", [...nick][0] ?? "?");
  node.ariaHidden = "true";
  return paint(node, nick);
}

/** Gives each name its own hue. */
function paint(node, nick) {
  const hash = [...nick].reduce((sum, char) => (sum * 31 + char.codePointAt()) % 360, 7);
  node.style.setProperty("--hue", hash);
  return node;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const people = (count) => (count === 1 ? "1 person" : `${count} people`);

function dayName(at) {
  const day = calendar.format(at);
  return day === calendar.format(Date.now()) ? "Today" : day;
}

// ---- One room -----------------------------------------------------------------------------------

/** What this page knows of a room that it has joined, and the list element that shows it. */
class Room {
  seq = 0; // of the last message shown
  members = new Set();
  typing = new Map(); // nick to the timer that forgets it
  pending = []; // own messages without an answer yet
  unread = 0;
  joined = false; // on the present connection

  constructor(name) {
    this.name = name;
    this.list = element("ol", "log empty");
    this.list.role = "log";
    this.list.tabIndex = 0;
    this.list.ariaLabel = `Messages in ${name}`;
    this.list.dataset.testid = "message-list";
  }

  /** Shows what the server sent; false if it is there already. */
  receive(message) {
    if (this.#find(message.seq)) return false;
    const own = message.from === nick && this.pending.find(({ text }) => text === message.text);
    if (own) this.#drop(own);
    this.#place(message);
    return true;
  }

  /** Puts a message where its number belongs. */
  #place(message) {
    const item = messageItem(message);
    if (message.seq > this.seq) {
      this.seq = message.seq;
      this.#append(item);
    } else {
      const earlier = this.#messages().findLast((other) => other.dataset.seq < message.seq);
      if (earlier) earlier.after(item);
      else this.list.prepend(item);
    }
    this.#group(item);
    while (this.list.children.length > SHOWN_AT_MOST) this.list.firstElementChild.remove();
  }

  addPending(text) {
    const item = messageItem({ from: nick, text, at: Date.now() });
    item.classList.add("pending");
    item.append(element("span", "state", "Sending…"));
    const entry = { text, item, asked: false };
    this.pending.push(entry);
    this.list.append(item);
    this.list.classList.remove("empty");
    this.#group(item);
    return entry;
  }

  /** The server has given it a number, unless the message itself was here first. */
  confirm(entry, { seq, at }) {
    if (!this.pending.includes(entry)) return;
    this.#drop(entry);
    if (!this.#find(seq)) this.#place({ seq, at, from: nick, text: entry.text });
  }

  fail(entry, reason) {
    this.pending = this.pending.filter((other) => other !== entry);
    entry.item.classList.replace("pending", "failed");
    entry.item.lastElementChild.textContent = `Not sent: ${reason}`;
  }

  notice(text) {
    this.#append(element("li", "notice", text));
  }

  /** Forgets everything: the server has started its count anew. */
  reset() {
    this.seq = 0;
    for (const item of this.#messages()) item.remove();
  }

  setTyping(who, active) {
    clearTimeout(this.typing.get(who));
    if (active) this.typing.set(who, setTimeout(() => this.setTyping(who, false), TYPING_FADES));
    else this.typing.delete(who);
    if (this === current) showTyping();
  }

  #messages() {
    return [...this.list.querySelectorAll("[data-seq]")];
  }

  #find(seq) {
    return this.list.querySelector(`[data-seq="${Number(seq)}"]`);
  }

  #drop(entry) {
    this.pending = this.pending.filter((other) => other !== entry);
    entry.item.remove();
  }

  #append(item) {
    const waiting = this.pending[0]?.item;
    this.list.insertBefore(item, waiting ?? null);
    this.list.classList.remove("empty");
  }

  /** Puts a new day's name above, and leaves out an author's name that was just said. */
  #group(item) {
    const before = item.previousElementSibling;
    const last = this.#previousMessage(item);
    const at = Number(item.dataset.at);
    if (!last || dayName(Number(last.dataset.at)) !== dayName(at)) {
      if (!before?.classList.contains("day")) item.before(element("li", "day", dayName(at)));
    } else if (before === last && last.dataset.from === item.dataset.from) {
      item.classList.toggle("continued", at - last.dataset.at < SAME_BREATH);
    }
  }

  #previousMessage(item) {
    let before = item.previousElementSibling;
    while (before && !before.dataset.at) before = before.previousElementSibling;
    return before;
  }
}

/** @param {Partial<contract.Message>} message without a number while it has no answer */
function messageItem({ seq, from, text, at }) {
  const time = element("time", "", clock.format(at));
  time.dateTime = new Date(at).toISOString();
  const by = element("div", "by", element("span", "from", from), time);
  const item = element("li", "message", avatar(from), by, element("div", "text", text));
  item.classList.toggle("mine", from === nick);
  Object.assign(item.dataset, { at, from });
  if (seq !== undefined) item.dataset.seq = seq;
  return item;
}

// ---- State --------------------------------------------------------------------------------------

let nick = localStorage.getItem("nick") ?? "";
let everConnected = false; // under this name
let nameHeldUntil = nick ? Date.now() + NAME_HELD_BY_PAGE : 0;
let current; // the room on screen
let listed = {}; // the number of members of each of the server's rooms
const rooms = new Map();

// What goes over it is checked against the contract that the server writes.
// ANCHOR: socket
/** @import * as contract from "./contract" */
/** @type {import("/socket.io/client.js").Socket<contract.ServerToClientEvents, contract.ClientToServerEvents>} */
const socket = io({ autoConnect: false, auth: (send) => send(/** @satisfies {contract.ConnectAuth} */ ({ nick })) });
// ANCHOR_END: socket

/**
 * The answer of the server; what it refuses is thrown with the reason it gave.
 *
 * @template Answer
 * @param {Promise<Answer | contract.Rejected>} asked
 * @returns {Promise<Answer>}
 */
async function answered(asked) {
  const answer = await asked;
  const { error } = /** @type {Partial<contract.Rejected>} */ (answer);
  if (!error) return /** @type {Answer} */ (answer);
  throw Object.assign(new Error(error.message), { refused: true });
}

const asking = () => socket.timeout(ANSWER_WITHIN);

// ---- Connection ---------------------------------------------------------------------------------

const STATES = {
  connecting: ["Connecting…"],
  connected: ["Connected"],
  reconnecting: ["Reconnecting…", "The connection was lost. Messages you write are sent when it is back."],
  offline: ["Offline", "You are offline. Messages you write are sent when you are back."],
};

function showState(state) {
  const [short, long] = STATES[state];
  byId("status").textContent = short;
  byId("status").dataset.state = state;
  byId("banner").hidden = !long;
  byId("banner-text").textContent = long ?? "";
}

function showLost() {
  if (!navigator.onLine) showState("offline");
  else showState(everConnected ? "reconnecting" : "connecting");
}

/** A fresh attempt, instead of the one that waits for its time. */
function retry() {
  if (socket.connected || !socket.active) return;
  socket.disconnect().connect();
}

socket.on("connect", async () => {
  everConnected = true;
  localStorage.setItem("nick", nick);
  if (nickDialog.open) nickDialog.close();
  showMe();
  showState("connected");
  if (current) await Promise.all([...rooms.values()].map(sync));
  else await open(roomInUrl() ?? DEFAULT_ROOM);
});

socket.on("disconnect", (reason) => {
  for (const room of rooms.values()) {
    room.joined = false;
    for (const who of room.typing.keys()) room.setTyping(who, false);
  }
  nameHeldUntil = Date.now() + NAME_HELD;
  showLost();
  if (reason === "io server disconnect") setTimeout(() => socket.connect(), TRY_AGAIN);
});

socket.on("connect_error", (error) => {
  if (socket.active) return showLost(); // the connection failed; it is tried again
  if (error.message === "nick_taken" && Date.now() < nameHeldUntil) {
    showLost();
    setTimeout(() => socket.connect(), TRY_AGAIN);
  } else askNick(refusalText(error.message));
});

const refusalText = (message) =>
  ({ nick_taken: "Somebody here has this name already.", nick_invalid: "This name cannot be used." })[
    message
  ] ?? message;

addEventListener("online", retry);
addEventListener("offline", showLost);
byId("retry").addEventListener("click", retry);

// ---- Messages from the server -------------------------------------------------------------------

socket.on("message", (message) => {
  const room = rooms.get(message.room);
  if (!room) return;
  room.setTyping(message.from, false);
  whileFollowing(room, () => {
    if (!room.receive(message) || message.from === nick) return;
    if (room !== current || document.hidden) room.unread++;
    if (room === current && !atEnd()) byId("to-latest").hidden = false;
  });
  showRooms();
});

socket.on("joined", (name, who) => {
  const room = rooms.get(name);
  if (!room || room.members.has(who)) return;
  room.members.add(who);
  whileFollowing(room, () => room.notice(`${who} joined`));
  if (room === current) showMembers();
});

socket.on("left", (name, who) => {
  const room = rooms.get(name);
  if (!room?.members.delete(who)) return;
  room.setTyping(who, false);
  whileFollowing(room, () => room.notice(`${who} left`));
  if (room === current) showMembers();
});

socket.on("typing", ({ room: name, nick: who, active }) => {
  if (who !== nick) rooms.get(name)?.setTyping(who, active);
});

socket.on("rooms", showRooms);

// ---- Joining, leaving and catching up -----------------------------------------------------------

/** Puts a room on screen, and joins it if that is not done. */
async function open(name) {
  const room = rooms.get(name) ?? new Room(name);
  rooms.set(name, room);
  stopTyping();
  current = room;
  room.unread = 0;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  scroller.replaceChildren(room.list);
  scroller.scrollTop = scroller.scrollHeight;
  byId("to-latest").hidden = true;
  for (const control of [input, byId("copy-link"), composer.lastElementChild]) control.disabled = false;
  closeDrawers();
  showCurrent();
  if (socket.connected && !room.joined) await sync(room);
}

/** Joins and asks for what came after the last message that is shown. */
async function sync(room) {
  let answer;
  try {
    answer = await answered(asking().emitWithAck("join", { room: room.name, after: room.seq }));
    if (answer.seq < room.seq) {
      room.reset();
      room.notice("The server has started anew. Earlier messages are gone.");
      answer = await answered(asking().emitWithAck("join", { room: room.name }));
    }
  } catch (error) {
    if (error.refused) room.notice(`You cannot join: ${error.message}`);
    return; // without an answer the connection is lost, and the next one joins again
  }
  room.joined = true;
  room.members = new Set(answer.members);
  room.list.ariaLive = "off"; // a screen reader need not go through the history
  whileFollowing(room, () => {
    const missing = room.seq && answer.history[0]?.seq > room.seq + 1;
    if (missing) room.notice("Some messages before these are no longer kept.");
    for (const message of answer.history) room.receive(message);
  });
  setTimeout(() => (room.list.ariaLive = "polite"), READ_OUT_AFTER);
  for (const entry of room.pending) deliver(room, entry);
  if (room === current) showCurrent();
}

async function leave(room) {
  rooms.delete(room.name);
  if (room.joined) socket.emit("leave", { room: room.name }); // a lost connection has left
  await open(rooms.keys().next().value ?? DEFAULT_ROOM);
}

// ---- Writing ------------------------------------------------------------------------------------

function say(text) {
  const room = current;
  const entry = room.addPending(text);
  scroller.scrollTop = scroller.scrollHeight;
  if (room.joined) deliver(room, entry);
}

async function deliver(room, entry) {
  if (entry.asked) return;
  entry.asked = true;
  try {
    const receipt = await answered(asking().emitWithAck("say", { room: room.name, text: entry.text }));
    whileFollowing(room, () => room.confirm(entry, receipt));
  } catch (error) {
    // Without an answer it stays pending: what we missed will tell whether it arrived.
    entry.asked = false;
    if (error.refused) room.fail(entry, error.message);
  }
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text || !current) return;
  input.value = "";
  fitInput();
  stopTyping();
  say(text);
  input.focus();
});

input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

input.addEventListener("input", () => {
  fitInput();
  if (input.value.trim()) startTyping();
  else stopTyping();
});

function fitInput() {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}

let typingSince = 0;
let typingTimer;

function startTyping() {
  clearTimeout(typingTimer);
  typingTimer = setTimeout(stopTyping, TYPING_AGAIN);
  if (!current?.joined || Date.now() - typingSince < TYPING_AGAIN) return;
  typingSince = Date.now();
  socket.volatile.emit("typing", { room: current.name, active: true });
}

function stopTyping() {
  clearTimeout(typingTimer);
  if (!typingSince) return;
  typingSince = 0;
  socket.volatile.emit("typing", { room: current.name, active: false });
}

// ---- Showing ------------------------------------------------------------------------------------

const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;

/** Changes a room's list and stays at its end, if that is where the reader is. */
function whileFollowing(room, change) {
  const follow = room === current && atEnd();
  change();
  if (follow) scroller.scrollTop = scroller.scrollHeight;
}

scroller.addEventListener("scroll", () => {
  if (atEnd()) byId("to-latest").hidden = true;
});
byId("to-latest").addEventListener("click", () => {
  scroller.scrollTop = scroller.scrollHeight;
  input.focus();
});

function showCurrent() {
  byId("room-name").textContent = `#${current.name}`;
  byId("leave").disabled = rooms.size === 1 && current.name === DEFAULT_ROOM;
  input.placeholder = `Write to #${current.name}`;
  showMembers();
  showTyping();
  showRooms();
}

function showMembers() {
  const names = [...current.members].sort((a, b) => a.localeCompare(b));
  byId("room-count").textContent = current.joined ? `${people(names.length)} here` : "";
  byId("members").replaceChildren(
    ...names.map((name) => {
      const item = element("li", "", avatar(name), element("span", "name", name));
      if (name === nick) item.append(element("span", "you", "you"));
      return item;
    }),
  );
}

function showTyping() {
  const names = [...current.typing.keys()];
  const who = names.length > 2 ? "Several people" : names.join(" and ");
  byId("typing").textContent = who && `${who} ${names.length > 1 ? "are" : "is"} typing…`;
}

function showMe() {
  const me = byId("nick-change");
  me.hidden = false;
  paint(me.querySelector(".avatar"), nick).textContent = [...nick][0];
  me.querySelector(".person-name").textContent = nick;
}

const roomItems = new Map(); // kept, so that a click is not lost to an update

/** The server's rooms, and joined ones that it does not list yet, as far as the filter lets them. */
function showRooms(news) {
  if (news) listed = news;
  const sizes = new Map([...rooms.values()].map((room) => [room.name, room.members.size]));
  for (const [name, members] of Object.entries(listed)) sizes.set(name, members);
  const filter = roomName(roomInput.value) ?? "";
  const names = [...sizes.keys()].filter((name) => name.includes(filter)).sort();
  const items = names.map((name) => roomItem(name, sizes.get(name)));
  const list = byId("room-list");
  if (items.length !== list.children.length || items.some((item, at) => item !== list.children[at])) {
    /** @type {any} */
    const focused = list.contains(document.activeElement) && document.activeElement;
    list.replaceChildren(...items);
    focused?.focus?.();
  }
  const buttons = roomButtons();
  const inTabOrder = buttons.find(({ dataset }) => dataset.room === current?.name) ?? buttons[0];
  for (const button of buttons) button.tabIndex = button === inTabOrder ? 0 : -1;
  byId("room-hint").textContent = filter && !sizes.has(filter) ? `Enter creates #${filter}` : "";
  const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  const place = current ? `#${current.name} · ` : "";
  document.title = `${unread ? `(${unread}) ` : ""}${place}Roomcast chat`;
}

function roomItem(name, size) {
  if (!roomItems.has(name)) roomItems.set(name, newRoomItem(name));
  const item = roomItems.get(name);
  const [button] = item.children;
  const [, label, count] = button.children;
  const room = rooms.get(name);
  const unread = room?.unread ?? 0;
  label.classList.toggle("joined", Boolean(room));
  count.className = unread ? "unread" : "size";
  count.textContent = unread || size;
  count.append(element("span", "visually-hidden", unread ? " unread" : " here"));
  if (room && room === current) button.setAttribute("aria-current", "page");
  else button.removeAttribute("aria-current");
  return item;
}

function newRoomItem(name) {
  const hash = element("span", "hash", "#");
  hash.ariaHidden = "true";
  const button = element("button", "", hash, element("span", "name", name), element("span", "size"));
  button.type = "button";
  button.dataset.room = name;
  button.addEventListener("click", () => open(name).then(() => input.focus()));
  return element("li", "", button);
}

// ---- Choosing a room ----------------------------------------------------------------------------

/** What people type as the name of a room, or undefined if there is none in it. */
const roomName = (typed) =>
  typed.trim().toLowerCase().replace(/^#/, "").replace(/\s+/g, "-").slice(0, 32) || undefined;

function roomInUrl() {
  try {
    return roomName(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return undefined; // not an encoding
  }
}

const roomButtons = () => [...byId("room-list").querySelectorAll("button")];

addEventListener("hashchange", () => {
  const name = roomInUrl();
  if (everConnected && name && name !== current?.name) open(name);
});

byId("room-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = roomName(roomInput.value);
  if (!name) return;
  roomInput.value = "";
  open(name).then(() => input.focus());
});
roomInput.addEventListener("input", () => showRooms());

byId("rooms").addEventListener("keydown", (event) => {
  const buttons = roomButtons();
  const at = buttons.indexOf(document.activeElement);
  const inInput = document.activeElement === roomInput;
  const target = {
    ArrowDown: inInput ? 0 : at + 1,
    ArrowUp: inInput ? -1 : at - 1,
    Home: inInput ? undefined : 0,
    End: inInput ? undefined : buttons.length - 1,
  }[event.key];
  if (target === undefined || (at < 0 && !inInput)) return;
  event.preventDefault();
  if (target < 0) return roomInput.focus();
  buttons[Math.min(target, buttons.length - 1)]?.focus();
});

byId("leave").addEventListener("click", () => leave(current).then(() => input.focus()));

byId("copy-link").addEventListener("click", async ({ currentTarget }) => {
  const label = currentTarget.querySelector("span");
  try {
    await navigator.clipboard.writeText(location.href);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Copy it from the address bar";
  }
  setTimeout(() => (label.textContent = "Copy link"), 2_000);
});

// ---- Drawers on narrow screens ------------------------------------------------------------------

/** @type {[any, any, () => any][]} */
const drawers = [
  [byId("rooms"), byId("rooms-toggle"), () => roomInput],
  [byId("people"), byId("members-toggle"), () => byId("people")],
];

function toggleDrawer([panel, toggle, first], opened) {
  const wasOpen = panel.classList.contains("open");
  panel.classList.toggle("open", opened);
  toggle.setAttribute("aria-expanded", String(opened));
  const covered = drawers.some(([other]) => other.classList.contains("open"));
  byId("shade").hidden = !covered;
  document.querySelector("main").inert = covered;
  if (opened) first().focus();
  else if (wasOpen && panel.contains(document.activeElement)) toggle.focus();
}

function closeDrawers() {
  for (const drawer of drawers) toggleDrawer(drawer, false);
}

for (const drawer of drawers) {
  drawer[1].addEventListener("click", () => {
    const opened = !drawer[0].classList.contains("open");
    closeDrawers();
    toggleDrawer(drawer, opened);
  });
}
byId("people").tabIndex = -1;
byId("shade").addEventListener("click", closeDrawers);

const isNarrow = () => getComputedStyle(byId("rooms-toggle")).display !== "none";

addEventListener("keydown", (event) => {
  if (nickDialog.open) return;
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (isNarrow()) toggleDrawer(drawers[0], true);
    roomInput.focus();
    roomInput.select();
  } else if (event.key === "Escape") {
    roomInput.value = "";
    showRooms();
    closeDrawers();
    input.focus();
  }
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !current) return;
  current.unread = 0;
  showRooms();
});

// ---- Nick name ----------------------------------------------------------------------------------

const nickInput = byId("nick-input");

function askNick(error = "") {
  nickInput.value = nick;
  showNickError(error);
  if (!nickDialog.open) nickDialog.showModal();
  nickInput.select();
}

function showNickError(text) {
  byId("nick-error").textContent = text;
  if (text) nickInput.setAttribute("aria-invalid", "true");
  else nickInput.removeAttribute("aria-invalid");
}

byId("nick-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = nickInput.value.trim().replace(/\s+/g, " ");
  if (!name) return showNickError("Please write a name.");
  if (/[\p{C}<>]/u.test(name)) return showNickError("Letters, digits and the like, please.");
  if (socket.connected && name === nick) return nickDialog.close();
  showNickError("");
  nick = name;
  everConnected = false;
  socket.disconnect();
  nameHeldUntil = 0;
  socket.connect();
});
nickInput.addEventListener("input", () => showNickError(""));
nickDialog.addEventListener("cancel", (event) => {
  if (!socket.connected) event.preventDefault(); // there is nothing behind it yet
});
nickDialog.addEventListener("close", () => input.focus());
byId("nick-change").addEventListener("click", () => askNick());

// ---- Light and dark -----------------------------------------------------------------------------

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function showTheme() {
  const chosen = localStorage.getItem("theme");
  const root = document.documentElement;
  const dark = chosen ? chosen === "dark" : prefersDark.matches;
  if (chosen) root.dataset.theme = chosen;
  root.toggleAttribute("data-dark", dark);
  byId("theme").setAttribute("aria-pressed", String(dark));
}

prefersDark.addEventListener("change", showTheme);
byId("theme").addEventListener("click", ({ currentTarget }) => {
  const dark = currentTarget.getAttribute("aria-pressed") === "true";
  localStorage.setItem("theme", dark ? "light" : "dark");
  showTheme();
});

// ---- Start --------------------------------------------------------------------------------------

showTheme();
if (/Mac|iPhone|iPad/.test(navigator.platform)) byId("room-shortcut").textContent = "⌘ K";
if (nick) socket.connect();
else askNick();
