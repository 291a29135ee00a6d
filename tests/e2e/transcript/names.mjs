// What is random on both sides, matched by position: session ids, private ids and offsets.

const IDS = /(?:sid|pid)\\?":\\?"([\w-]{20})\\?"/g;
/** The offset that recovery appends to an event's arguments. */
const OFFSET = /^4(?:2|5\d+-)\[.*,"([\w.-]+)"\]$/;

export class Names {
  #actual = new Map();
  #recorded = new Map();

  constructor({ offsets }) {
    this.offsets = offsets;
  }

  /** Pairs the names in two texts that stand at the same place. */
  learn(recorded, actual) {
    const [ours, theirs] = [recorded, actual].map((text) => [...text.matchAll(IDS)].map(([, id]) => id));
    if (ours.length === theirs.length) ours.forEach((id, i) => this.pair(id, theirs[i]));
    const [offset, other] = [recorded, actual].map((text) => this.offsets && OFFSET.exec(text)?.[1]);
    if (offset && other) this.pair(offset, other);
  }

  pair(recorded, actual) {
    // A name that has another counterpart already is left: the comparison shows both.
    if (this.#actual.has(recorded) || this.#recorded.has(actual)) return;
    this.#actual.set(recorded, actual);
    this.#recorded.set(actual, recorded);
  }

  /** A recorded text with this run's names. */
  actual(text) {
    // Longest first: an offset may begin with another.
    const known = [...this.#actual].sort(([a], [b]) => b.length - a.length);
    const parts = known.reduce(
      (parts, [recorded, actual]) =>
        parts.flatMap((part) => (part.done ? [part] : replaced(part.text, recorded, actual))),
      [{ text }],
    );
    return parts.map((part) => part.text).join("");
  }
}

function replaced(text, recorded, actual) {
  return text.split(recorded).flatMap((part, i) => (i ? [{ text: actual, done: true }, { text: part }] : [{ text: part }]));
}
