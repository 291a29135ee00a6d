// Whether a soak has passed.

const GROWTH = 30; // descriptors more than at first that are no leak,
const SWELLING = 64 * 1024 * 1024; // and bytes

/** Each check as {what, holds, detail}, and whether all hold; how many events were lost, and without a reason. */
export function verdict({ options, judge, faults, usage, back, present, empty }) {
  const sum = (gaps) => gaps.reduce((sum, gap) => sum + gap.lost, 0);
  const lost = sum(judge.gaps);
  const missing = judge.unexplained(faults.filter(({ excuses }) => excuses));
  const unexplained = sum(missing);
  const grown = (of, by) => usage.filter(({ first, last }) => last[of] > first[of] + by).map(({ name }) => name);
  const [swollen, leaking] = [grown("memory", SWELLING), grown("descriptors", GROWTH)];
  const checks = [
    ["clients talked", judge.received > options.clients, judge.received],
    ["no event came twice", judge.repeated === 0, judge.repeated],
    ["none came out of order", judge.disordered === 0, judge.disordered],
    ["none was lost that no fault explains", unexplained === 0, unexplained],
    ["every client came back", back !== undefined],
    ["presence is right on every node", present !== undefined, present === undefined ? "" : `after ${present} ms`],
    ["nothing is left when all have gone", empty !== undefined, empty === undefined ? "" : `after ${empty} ms`],
    ["memory does not grow", swollen.length === 0, swollen.join(", ")],
    ["no descriptors leak", leaking.length === 0, leaking.join(", ")],
  ].map(([what, holds, detail = ""]) => ({ what, holds, detail }));
  return { checks, passed: checks.every(({ holds }) => holds), lost, unexplained, missing };
}
