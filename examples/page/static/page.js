// What the pages of the examples share.

const ANSWER_WITHIN = 10_000; // ms

export const byId = (id) => document.getElementById(id);

/** An element with what it holds. Texts become text, never markup. */
export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

/** Emits and waits for the answer; what the server refuses is thrown with the reason it gave. */
export async function request(socket, event, ...payload) {
  const answer = await socket.timeout(ANSWER_WITHIN).emitWithAck(event, ...payload);
  if (!answer?.error) return answer;
  throw Object.assign(new Error(answer.error.message), { refused: true, data: answer.error.data });
}

export function showStatus(state, text) {
  byId("status").dataset.state = state;
  byId("status").textContent = text;
}

/** Shows in the element `status` how a socket is doing. */
export function followStatus(socket) {
  const waiting = () => showStatus("connecting", "Connecting…");
  if (socket.connected) showStatus("connected", "Connected");
  else if (socket.active) waiting();
  socket.on("connect", () => showStatus("connected", "Connected"));
  socket.on("disconnect", (reason) => {
    if (socket.active) waiting();
    else showStatus("refused", `Disconnected: ${reason}`);
  });
  socket.on("connect_error", (error) => {
    if (socket.active) waiting(); // it is tried again
    else showStatus("refused", `Not let in: ${error.message}`);
  });
}

/** Runs what a form is for when it is submitted; what goes wrong is shown in its element `.error`. */
export function onSubmit(form, submit) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const shown = form.querySelector(".error");
    shown.textContent = "";
    try {
      await submit(new FormData(form));
    } catch (error) {
      shown.textContent = error.message;
    }
  });
}

/** Keeps a list short: without its first items. */
export function keepLast(list, count) {
  while (list.children.length > count) list.firstElementChild.remove();
}
