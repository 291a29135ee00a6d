// How long events are under way: a histogram, so that millions of them take no memory.

const STEP = Math.log(1.05); // each bucket's bounds are 5 % apart
const SMALLEST = 0.1; // ms

export class Latency {
  #buckets = [];
  #max = 0;
  count = 0;

  record(ms) {
    const index = Math.max(0, Math.ceil(Math.log(Math.max(ms, SMALLEST) / SMALLEST) / STEP));
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#max = Math.max(this.#max, ms);
    this.count++;
  }

  /** The milliseconds that this part of all took at most. */
  percentile(part) {
    let left = Math.ceil(this.count * part);
    for (const [index, count] of this.#buckets.entries()) {
      left -= count ?? 0;
      if (left <= 0) return Math.min(SMALLEST * Math.exp(index * STEP), this.#max);
    }
    return this.#max;
  }

  get summary() {
    const ms = (value) => Number(value.toFixed(1));
    return {
      events: this.count,
      p50: ms(this.percentile(0.5)),
      p90: ms(this.percentile(0.9)),
      p99: ms(this.percentile(0.99)),
      "p99.9": ms(this.percentile(0.999)),
      max: ms(this.#max),
    };
  }
}
