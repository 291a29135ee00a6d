// The report: for readers in Markdown, for programs in JSON.

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

const MIB = 1024 * 1024;

/** So many of what was lost are told of one by one. */
const INCIDENTS = 100;

/** The folder that gets report.md and report.json. */
const { REPORT } = process.env;

export async function publish(outcome) {
  const figures = summary(outcome);
  const text = markdown(figures);
  console.log(text);
  if (!REPORT) return;
  await mkdir(REPORT, { recursive: true });
  await writeFile(path.join(REPORT, "report.md"), text);
  await writeFile(path.join(REPORT, "report.json"), `${JSON.stringify(figures, undefined, 2)}\n`);
}

function summary({ passed, options, started, counts, judge, lost, unexplained, missing, latency, faults, usage, figures, checks }) {
  const { say, tell, ...others } = counts;
  const second = (at) => Number(((at - started) / 1000).toFixed(1));
  return {
    passed,
    adapter: options.adapter,
    recovery: options.recovery,
    nodes: Object.keys(figures).length,
    clients: options.clients,
    minutes: options.milliseconds / 60_000,
    sent: { to_rooms: say, to_users: tell },
    delivered: judge.received,
    lost: { in_all: lost, unexplained },
    duplicated: judge.repeated,
    reordered: judge.disordered,
    clients_did: others,
    latency_ms: { between_faults: latency.calm.summary, during_faults: latency.disturbed.summary },
    processes: usage.map(({ name, first, most, last }) => ({ name, first, most, last })),
    figures,
    faults: faults.map(({ what, from, until }) => ({ what, from: second(from), until: second(until) })),
    checks,
    incidents: [
      ...judge.incidents.map(({ at, ...incident }) => ({ from: second(at), until: second(at), ...incident })),
      ...missing.slice(0, INCIDENTS).map(({ from, until, lost, ...gap }) => {
        return { from: second(from), until: second(until), what: `${lost} did not come`, ...gap };
      }),
    ].sort((a, b) => a.from - b.from),
  };
}

const table = (head, rows) =>
  [`| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...rows.map((row) => `| ${row.join(" | ")} |`), ""].join("\n");

const incident = ({ from, until, what, nodes, chain, n, after = "" }) => [
  `${from} s`,
  `${until} s`,
  what,
  nodes.join(", "),
  chain,
  n,
  after,
];

function markdown(of) {
  const { latency_ms: latency, figures } = of;
  return [
    `# Soak: ${of.passed ? "passed" : "FAILED"}`,
    "",
    `${of.adapter}${of.recovery ? " with recovery" : ""}, ${of.nodes} nodes, ${of.clients} clients, ${of.minutes.toFixed(1)} minutes`,
    "",
    "## Checks",
    "",
    table(["check", "", ""], of.checks.map(({ what, holds, detail }) => [what, holds ? "yes" : "**no**", detail])),
    "## Events",
    "",
    table(["", "count"], [
      ["sent to rooms", of.sent.to_rooms],
      ["sent to users", of.sent.to_users],
      ["delivered", of.delivered],
      ["lost in gaps that a fault explains", of.lost.in_all - of.lost.unexplained],
      ["lost without a reason", of.lost.unexplained],
      ["duplicated", of.duplicated],
      ["out of order", of.reordered],
      ...Object.entries(of.clients_did),
    ]),
    "## Latency, in milliseconds",
    "",
    table(["", ...Object.keys(latency.between_faults)], [
      ["between the faults", ...Object.values(latency.between_faults)],
      ["during them", ...Object.values(latency.during_faults)],
    ]),
    "## Faults",
    "",
    of.faults.length ? table(["from", "until", "what"], of.faults.map(({ from, until, what }) => [`${from} s`, `${until} s`, what])) : "None.\n",
    "## What went wrong",
    "",
    of.incidents.length ? table(["from", "until", "what", "to, from", "chain", "event", "after"], of.incidents.map(incident)) : "Nothing.\n",
    "## What the nodes say, since they were started",
    "",
    table(["", ...Object.keys(Object.values(figures)[0])], Object.entries(figures).map(([name, its]) => [name, ...Object.values(its)])),
    "## Memory and descriptors",
    "",
    table(
      ["process", "memory at first", "at most", "in the end", "descriptors at first", "at most", "in the end"],
      of.processes.map(({ name, first, most, last }) => [
        name,
        ...[first, most, last].map(({ memory }) => `${(memory / MIB).toFixed(0)} MiB`),
        ...[first, most, last].map(({ descriptors }) => descriptors),
      ]),
    ),
  ].join("\n");
}
