// Judges what arrives. A *chain* is what one sender has sent to a room, or to a user, and knows to have been taken, numbered
// 1, 2, ..; a sender that is left without an answer begins another one, as it cannot know. A *seat* is a receiver for as
// long as it may expect everything that is sent there: until it leaves, or its connection is lost and not recovered.

/** How long after the answer to a join or connect a receiver may still be unknown to other nodes, in milliseconds. */
const SETTLING = 5_000;

/** So many are told of one by one. */
const INCIDENTS = 100;

export class Judge {
  #chains = new Map();
  #seats = new Set();
  received = 0;
  repeated = 0;
  disordered = 0;
  gaps = []; // {from, until, lost, nodes, chain, n}
  /** The first events that came twice or out of order: {what, at, nodes, chain, n, after}. */
  incidents = [];

  /** The first `n` events of a chain have been taken by the sender's node. */
  confirm({ chain, n, to, node, begun }) {
    this.#chains.set(chain, { n, to, node, begun });
  }

  sit(place, node) {
    const seat = { place, node, chains: new Map(), since: Date.now() + SETTLING };
    this.#seats.add(seat);
    return seat;
  }

  leave(seat) {
    this.#seats.delete(seat);
  }

  receive(seat, { chain, n, node, begun }) {
    this.received++;
    const at = Date.now();
    const last = seat.chains.get(chain);
    if (!last) {
      // What was sent before it sat down it cannot expect.
      if (begun > seat.since && n > 1) this.#gap(seat, node, { chain, n: 1 }, begun, n - 1);
    } else if (n <= last.n) {
      const again = n === last.n;
      again ? this.repeated++ : this.disordered++;
      const what = again ? "came twice" : "came out of order";
      const incident = { what, at, nodes: [seat.node, node], chain, n, after: last.n };
      if (this.incidents.length < INCIDENTS) this.incidents.push(incident);
      return;
    } else if (n > last.n + 1) {
      this.#gap(seat, node, { chain, n: last.n + 1 }, last.at, n - last.n - 1);
    }
    seat.chains.set(chain, { n, at });
  }

  /** When nothing is under way any more: what was taken and has not come. */
  settle() {
    this.gaps.push(...this.#open());
  }

  /** What was taken and has not come yet, and none of the faults explains. */
  missing(faults) {
    return unexplained(this.#open(), faults);
  }

  /** The gaps that none of the faults explains. */
  unexplained(faults) {
    return unexplained(this.gaps, faults);
  }

  /** The gaps at the ends of the chains. */
  #open() {
    const gaps = [];
    for (const seat of this.#seats) {
      for (const [chain, { n, to, node, begun }] of this.#chains) {
        const last = seat.chains.get(chain) ?? (begun > seat.since ? { n: 0, at: begun } : undefined);
        if (to === seat.place && last && last.n < n) gaps.push(gap(seat, node, { chain, n: last.n + 1 }, last.at, n - last.n));
      }
    }
    return gaps;
  }

  #gap(...args) {
    this.gaps.push(gap(...args));
  }
}

const gap = (seat, sender, first, from, lost) => ({ from, until: Date.now(), lost, nodes: [seat.node, sender], ...first });

/** The faults are {from, until, nodes}, where no `nodes` are all of them. */
function unexplained(gaps, faults) {
  const explains = (gap) => (fault) =>
    fault.from <= gap.until && gap.from <= fault.until &&
    (!fault.nodes || fault.nodes.some((node) => gap.nodes.includes(node)));
  return gaps.filter((gap) => !faults.some(explains(gap)));
}
