import "../../../page/static/style.css";
import "./todo.css";
import * as api from "./api";
import type { Todo } from "./contract";

const todos = new Map<number, Todo>();
const form = document.querySelector<HTMLFormElement>("#create")!;
const error = form.querySelector<HTMLElement>(".error")!;
const status = document.querySelector<HTMLElement>("#status")!;

// ---- What the server says -----------------------------------------------------------------------

/** Whenever the socket connects, also again: all of it, since events were missed meanwhile. */
api.socket.on("connect", () => {
  showStatus("connected", "Connected");
  attempt(async () => {
    const all = await api.list();
    todos.clear();
    for (const todo of all) todos.set(todo.id, todo);
  });
});

api.socket.on("disconnect", () => showStatus("connecting", "Connecting…"));

api.socket.on("todo:created", keep);
api.socket.on("todo:updated", keep);
api.socket.on("todo:deleted", forget);

function keep(todo: Todo) {
  todos.set(todo.id, todo);
  show();
}

function forget(id: number) {
  todos.delete(id);
  show();
}

// ---- What we ask for ----------------------------------------------------------------------------

/** Shows what goes wrong; and in any case what is true. */
async function attempt(request: () => Promise<void>) {
  error.textContent = "";
  try {
    await request();
  } catch (cause) {
    error.textContent = cause instanceof api.RefusedError ? cause.message : "The server does not answer.";
  }
  show();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const title = String(new FormData(form).get("title"));
  attempt(async () => {
    keep(await api.create(title));
    form.reset();
  });
});

// ---- Showing ------------------------------------------------------------------------------------

function showStatus(state: string, text: string) {
  status.dataset.state = state;
  status.textContent = text;
}

function show() {
  const sorted = [...todos.values()].sort((one, other) => one.id - other.id);
  document.querySelector("#todos")!.replaceChildren(...sorted.map(item));
  const open = sorted.filter(({ done }) => !done).length;
  document.querySelector("#count")!.textContent = `${open} of ${sorted.length} to do`;
}

function item({ id, title, done }: Todo): HTMLElement {
  const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: done, ariaLabel: `${title}: done` });
  box.addEventListener("change", () => attempt(async () => keep(await api.update({ id, done: box.checked }))));

  const text = Object.assign(document.createElement("input"), { value: title, ariaLabel: `${title}: title` });
  text.addEventListener("change", () => attempt(async () => keep(await api.update({ id, title: text.value }))));

  const button = Object.assign(document.createElement("button"), { textContent: "Delete", ariaLabel: `Delete ${title}` });
  button.addEventListener("click", () =>
    attempt(async () => {
      await api.remove(id);
      forget(id);
    }),
  );

  const row = document.createElement("li");
  row.className = done ? "row done" : "row";
  row.append(box, text, button);
  return row;
}
