// Each press of the button is a trace: it begins here, and what the server does meanwhile is part of it.

import { io } from "/socket.io/client.js";
import { byId, element, onSubmit, request } from "./page.js";

const SHOWN = 50; // traces

/** As many random bytes, in hexadecimal digits. */
function random(bytes) {
  const numbers = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(numbers, (number) => number.toString(16).padStart(2, "0")).join("");
}

/** Over a connection of its own: its span is complete when it ends. */
async function greeting(name, trace) {
  // W3C Trace Context: the version, the trace, the span of the page that is the parent, and that it is recorded.
  const traceparent = `00-${trace}-${random(8)}-01`;
  const socket = io({ forceNew: true, query: { traceparent } });
  try {
    return await request(socket, "greet", { name });
  } finally {
    socket.disconnect();
  }
}

onSubmit(byId("greet"), async (form) => {
  const trace = random(16);
  const answer = await greeting(form.get("name"), trace);
  const cells = [answer, element("code", "", trace)].map((content) => element("td", "", content));
  byId("traces").prepend(element("tr", "", ...cells));
  while (byId("traces").children.length > SHOWN) byId("traces").lastElementChild.remove();
});
