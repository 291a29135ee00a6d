// The client recovers by itself. What is here only shows it.

import { io } from "/socket.io/client.js";
import { byId, element, followStatus, keepLast } from "./page.js";

const SHOWN = 200; // numbers
const RETRY = { reconnectionDelay: 300, reconnectionDelayMax: 600 }; // ms: to see the end of the cut at once

const port = await (await fetch("/line")).text();
const socket = io(`http://127.0.0.1:${port}`, RETRY);
followStatus(socket);

let last = 0; // number from the server
let live = false; // whether `connect` has come
const counts = { replayed: 0, lost: 0 };

function show(n, kind) {
  byId("ticks").append(element("li", `tick ${kind}`, `${n}`));
  keepLast(byId("ticks"), SHOWN);
  byId("ticks").scrollTop = byId("ticks").scrollHeight;
  if (kind in counts) byId(kind).textContent = ++counts[kind];
}

// Before `connect` come the events that were missed.
socket.on("tick", (n) => {
  if (last) for (let missing = last + 1; missing < n; missing++) show(missing, "lost");
  last = n;
  show(n, live ? "live" : "replayed");
});

socket.on("disconnect", () => (live = false));

socket.on("connect", () => {
  live = true;
  byId("id").textContent = socket.id;
  byId("recovered").textContent = socket.recovered ? "yes, the same socket" : "no, a new one";
  byId("recovered").className = socket.recovered ? "good" : "";
});

socket.on("known", ({ draft }) => {
  byId("known").textContent = draft ? `“${draft}”` : "nothing";
});

byId("draft").addEventListener("input", () => socket.emit("draft", byId("draft").value));

for (const button of document.querySelectorAll("[data-cut]")) {
  button.addEventListener("click", () => fetch(`/line/cut/${button.dataset.cut}`, { method: "PUT" }));
}
