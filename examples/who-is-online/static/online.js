// Who is here is what the server says: a state once, and then what has changed.

import { io } from "/socket.io/client.js";
import { byId, element, followStatus, keepLast, onSubmit, request } from "./page.js";

const SHOWN = 100; // lines

const people = new Map(); // name to the devices of that person
const gone = new Set(); // names
const socket = io({ autoConnect: false });

function log(text) {
  byId("log").append(element("li", "", `${new Date().toLocaleTimeString()}  ${text}`));
  keepLast(byId("log"), SHOWN);
  byId("log").scrollTop = byId("log").scrollHeight;
}

// ---- Who is here --------------------------------------------------------------------------------

/** Replaces all that was known. */
socket.on("presence_state", ({ present }) => {
  people.clear();
  for (const { key, metas } of present) people.set(key, metas);
  show();
});

socket.on("presence_diff", ({ joins, updates, leaves }) => {
  for (const { key } of joins) log(`${key} came`);
  for (const { key, metas } of [...joins, ...updates]) people.set(key, metas);
  for (const key of leaves) {
    people.delete(key);
    gone.add(key);
    log(`${key} has gone`);
  }
  show();
});

function show() {
  const devices = [...people.values()].flat();
  byId("people-count").textContent = people.size;
  byId("device-count").textContent = devices.length;
  byId("active-count").textContent = devices.filter(({ activity }) => activity === "active").length;
  const sorted = [...people].sort(([one], [other]) => one.localeCompare(other));
  byId("people").replaceChildren(...sorted.map(personItem));
  byId("known").replaceChildren(...[...new Set([...people.keys(), ...gone])].map((name) => new Option(name)));
}

function personItem([name, devices]) {
  const tags = devices.map(({ device, activity, since }) => {
    const tag = element("span", `tag ${activity}`, activity === "away" ? `${device}, away` : device);
    tag.title = `since ${new Date(since).toLocaleTimeString()}`;
    return tag;
  });
  return element("li", "", element("span", "name", name), ...tags);
}

// ---- What we do ---------------------------------------------------------------------------------

document.addEventListener("visibilitychange", () => {
  if (socket.connected) socket.emit("set", document.hidden ? "away" : "active");
});

socket.on("word", ({ from, text }) => log(`${from}: ${text}`));

onSubmit(byId("tell"), async (form) => {
  const to = form.get("to").trim();
  const { devices } = await request(socket, "tell", { to, text: form.get("text").trim() });
  byId("tell").elements.text.value = "";
  log(devices ? `You told ${to}, on ${devices} ${devices === 1 ? "device" : "devices"}.` : await absent(to));
});

async function absent(name) {
  const at = await request(socket, "last_seen", name);
  return `${name} is not here${at ? `, but was at ${new Date(at).toLocaleTimeString()}` : ""}.`;
}

// ---- Coming in ----------------------------------------------------------------------------------

socket.on("connect", () => {
  byId("enter").hidden = true;
  byId("dashboard").hidden = false;
});

socket.on("connect_error", (error) => {
  if (socket.active) return; // it is tried again
  byId("enter").hidden = false;
  byId("enter").querySelector(".error").textContent = error.message;
});

onSubmit(byId("enter"), (form) => {
  socket.auth = { name: form.get("name").trim(), device: form.get("device") };
  if (!socket.active) socket.connect();
});

followStatus(socket);
