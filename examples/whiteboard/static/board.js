// Two canvases: what has been drawn, and above it what changes all the time.

import { io } from "/socket.io/client.js";
import { byId, element, followStatus, request } from "./page.js";
import { encode, MAX_POINTS, paint, SCALE, split } from "./stroke.js";

const COLOURS = { black: [24, 27, 37], red: [200, 40, 60], orange: [225, 130, 20], green: [20, 140, 80], blue: [50, 80, 220] };
const SENT_EVERY = 33; // ms, of what is volatile
const SKETCHED = 200; // the points that a sketch has at most
const SHOWN_FOR = 4_000; // ms without news of a pointer or a sketch

const [ink, live] = [byId("ink"), byId("live")];

let colour = COLOURS.blue;
let strokes = []; // on the board, in the order of the server
let pending = new Set(); // our own that have no number yet
let boardSeq = 0; // what the last whole board goes up to
let line; // the points of the stroke that is being drawn
const others = new Map(); // socket id to { point, sketch, at }

const socket = io();
followStatus(socket);

// ---- What others draw ---------------------------------------------------------------------------

socket.on("board", (seq, picture) => {
  boardSeq = seq;
  strokes = [...split(picture)];
  redraw();
});

socket.on("drawn", (_, by, stroke) => {
  other(by).sketch = undefined;
  strokes.push(stroke);
  paint(ink, stroke);
  refresh();
});

socket.on("sketched", (by, sketch) => {
  other(by).sketch = sketch;
  refresh();
});

socket.on("pointed", (by, x, y) => {
  other(by).point = [x, y];
  refresh();
});

socket.on("gone", (by) => {
  others.delete(by);
  refresh();
});

socket.on("disconnect", () => {
  others.clear();
  refresh();
});

function other(id) {
  if (!others.has(id)) others.set(id, {});
  return Object.assign(others.get(id), { at: Date.now() });
}

// What is volatile may be the last that we hear of it.
setInterval(() => {
  for (const [id, { at }] of others) if (Date.now() - at > SHOWN_FOR) others.delete(id);
  refresh();
}, SHOWN_FOR);

// ---- What we draw -------------------------------------------------------------------------------

const pen = (points) => encode(colour, Number(byId("width").value), points);

function position(event) {
  const { left, top, width, height } = live.getBoundingClientRect();
  const part = (distance, whole) => Math.round(Math.min(1, Math.max(0, distance / whole)) * SCALE);
  return [part(event.clientX - left, width), part(event.clientY - top, height)];
}

live.addEventListener("pointerdown", (event) => {
  live.setPointerCapture(event.pointerId);
  line = [position(event)];
  refresh();
});

live.addEventListener("pointermove", (event) => {
  const point = position(event);
  tellNow(() => {
    if (line) sendVolatile("sketch", pen(line.slice(-SKETCHED)));
    else socket.volatile.emit("point", ...point);
  });
  if (!line) return;
  line.push(point);
  if (line.length >= MAX_POINTS) finish();
  refresh();
});

for (const end of ["pointerup", "pointercancel"]) live.addEventListener(end, finish);

async function finish() {
  if (!line) return;
  const stroke = pen(line);
  line = undefined;
  pending.add(stroke);
  refresh();
  count(stroke);
  try {
    const seq = await request(socket, "draw", stroke);
    // Otherwise it is on the board that has come meanwhile, or was wiped from it.
    if (seq > boardSeq) {
      strokes.push(stroke);
      paint(ink, stroke);
    }
    byId("error").textContent = "";
  } catch (error) {
    byId("error").textContent = `A line was not drawn: ${error.message}`;
  }
  pending.delete(stroke);
  refresh();
}

let toldAt = 0;

/** Leaves out what comes too soon behind another: it would be worthless a moment later. */
function tellNow(tell) {
  if (!socket.connected || Date.now() - toldAt < SENT_EVERY) return;
  toldAt = Date.now();
  tell();
}

function sendVolatile(event, stroke) {
  socket.volatile.emit(event, stroke);
  count(stroke);
}

let bytes = 0;

function count(stroke) {
  bytes += stroke.byteLength;
  byId("bytes").textContent = bytes.toLocaleString();
}

// ---- Tools --------------------------------------------------------------------------------------

for (const [name, rgb] of Object.entries(COLOURS)) {
  const choice = element("input", "");
  Object.assign(choice, { type: "radio", name: "colour", ariaLabel: name, checked: rgb === colour });
  choice.style.backgroundColor = `rgb(${rgb})`;
  choice.addEventListener("change", () => (colour = rgb));
  byId("colours").append(choice);
}

byId("clear").addEventListener("click", () => socket.emit("clear"));

// ---- Showing ------------------------------------------------------------------------------------

function clean(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

function redraw() {
  clean(ink);
  for (const stroke of strokes) paint(ink, stroke);
  refresh();
}

let asked = false;

/** Shows what is under way with the next frame. */
function refresh() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    clean(live);
    for (const stroke of pending) paint(live, stroke);
    for (const { sketch, point } of others.values()) {
      if (sketch) paint(live, sketch);
      if (point) paint(live, encode([120, 120, 140], 10, [point]));
    }
    if (line) paint(live, pen(line));
  });
}

new ResizeObserver(() => {
  const { width, height } = byId("board").getBoundingClientRect();
  for (const canvas of [ink, live]) {
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
  }
  redraw();
}).observe(byId("board"));
