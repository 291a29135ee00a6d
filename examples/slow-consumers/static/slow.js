// A client for each policy, over lines that can be made narrow, and one that is told what the server counts.

import { io } from "/socket.io/client.js";
import { byId, element, followStatus } from "./page.js";

const POLICIES = {
  close: ["Cut, and begins anew when it is back.", "connections cut"],
  drop_newest: ["What waits comes first, and is old.", "new events dropped"],
  drop_oldest: ["What is old makes room.", "old events dropped"],
  latest: ["Only the last one waits.", "events replaced"],
  volatile: ["Nothing waits: now or never.", "events dropped"],
};
const SHOWN = 240; // points of a curve
const EVERY = 100; // ms between two of them
const OLDEST = 8; // seconds, at the top of a curve
const RETRY = { reconnectionDelay: 500, reconnectionDelayMax: 500 };

class Lane {
  received = 0; // in the last second, by points
  missed = 0;
  last = 0; // number
  age = 0; // ms, of what came last
  ages = [];
  perPoint = [];

  constructor(policy, port) {
    const [what, counted] = POLICIES[policy];
    this.canvas = element("canvas", "");
    this.cells = Object.fromEntries(
      ["events a second", "age of the last", "never came", counted].map((name) => [name, element("dd", "number", "0")]),
    );
    this.counted = this.cells[counted];
    const facts = element("dl", "small", ...Object.entries(this.cells).flatMap(([name, cell]) => [element("dt", "", name), cell]));
    const title = element("div", "", element("h2", "", policy), element("p", "muted small", what));
    this.card = element("section", "card lane", title, this.canvas, facts);
    this.card.dataset.policy = policy;
    byId("lanes").append(this.card);

    const socket = io(`http://127.0.0.1:${port}`, { auth: { policy }, forceNew: true, ...RETRY });
    socket.on("tick", (tick) => this.take(tick));
  }

  take({ n, at }) {
    if (this.last) this.missed += n - this.last - 1;
    this.last = n;
    this.age = Math.max(0, Date.now() - at); // the server's clock is this machine's
    this.received++;
  }

  /** One more point of the curve; none while nothing comes. */
  measure() {
    this.perPoint.push(this.received);
    this.ages.push(this.received ? this.age : undefined);
    this.received = 0;
    if (this.perPoint.length > 1_000 / EVERY) this.perPoint.shift();
    if (this.ages.length > SHOWN) this.ages.shift();
    this.cells["events a second"].textContent = this.perPoint.reduce((sum, count) => sum + count, 0);
    this.cells["age of the last"].textContent = `${(this.age / 1_000).toFixed(1)} s`;
    this.cells["never came"].textContent = this.missed.toLocaleString();
    this.draw();
  }

  draw() {
    const { canvas, ages } = this;
    canvas.width = canvas.clientWidth * devicePixelRatio;
    canvas.height = canvas.clientHeight * devicePixelRatio;
    const context = canvas.getContext("2d");
    context.fillStyle = this.age < 1_000 ? "#2f9e6d" : "#e0813a";
    context.fillRect(0, canvas.height - 1, canvas.width, 1);
    const width = canvas.width / SHOWN;
    ages.forEach((age, at) => {
      if (age === undefined) return;
      const height = Math.max(2, Math.min(1, age / 1_000 / OLDEST) * canvas.height);
      context.fillRect(at * width, canvas.height - height, Math.max(1, width - 1), height);
    });
  }
}

const port = await (await fetch("/line")).text();
const lanes = Object.keys(POLICIES).map((policy) => [policy, new Lane(policy, port)]);
setInterval(() => lanes.forEach(([, lane]) => lane.measure()), EVERY);

// Not over the line: it tells how the others are doing.
const counts = io({ auth: {} });
followStatus(counts);
counts.on("counts", (counted) => {
  for (const [policy, lane] of lanes) lane.counted.textContent = counted[policy].toLocaleString();
});

const narrow = () => fetch(`/line/narrow/${byId("rate").value}`, { method: "PUT" });
byId("rate").addEventListener("change", narrow);
narrow(); // what a page before has chosen
