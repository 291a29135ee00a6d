// The report, as Markdown.

const MIB = 1024 * 1024;
const table = (head, rows) =>
  [`| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...rows.map((row) => `| ${row.join(" | ")} |`), ""].join("\n");

/** Each check as [what, whether it holds, detail]. */
export function report({ options, started, counts, judge, faults, usage, checks }) {
  const second = (at) => `${((at - started) / 1000).toFixed(1)} s`;
  const holds = checks.every(([, ok]) => ok);
  return [
    `# Soak: ${holds ? "passed" : "FAILED"}`,
    "",
    `${options.adapter}${options.recovery ? " with recovery" : ""}, 3 nodes, ${options.clients} clients, ` +
      `${(options.milliseconds / 60_000).toFixed(1)} minutes`,
    "",
    "## Checks",
    "",
    table(["check", "", ""], checks.map(([what, ok, detail]) => [what, ok ? "yes" : "**no**", detail ?? ""])),
    "## Load",
    "",
    table(["", "count"], [
      ...Object.entries(counts),
      ["received", judge.received],
      ["lost in the gaps that a fault explains", judge.gaps.reduce((sum, { lost }) => sum + lost, 0)],
    ]),
    "## Faults",
    "",
    faults.length ? table(["from", "until", "what"], faults.map(({ from, until, what }) => [second(from), second(until), what])) : "None.\n",
    "## Memory and descriptors",
    "",
    table(
      ["process", "memory at first", "at most", "in the end", "descriptors at first", "at most", "in the end"],
      usage.map(({ name, first, most, last }) => [
        name,
        ...[first, most, last].map(({ memory }) => `${(memory / MIB).toFixed(0)} MiB`),
        ...[first, most, last].map(({ descriptors }) => descriptors),
      ]),
    ),
  ].join("\n");
}

export const passed = ({ checks }) => checks.every(([, ok]) => ok);
