// The command line of the soak.

import { parseArgs } from "node:util";

const HELP = `\
Load and faults on three nodes with one Redis, and a report: to standard output and target/soak (report.md, report.json).

Usage: cargo xtask soak [OPTION]...
    --minutes N      how long the load lasts; 10 unless given, parts of a minute are fine
    --adapter NAME   pub_sub (unless given), sharded or streams
    --recovery       with connection state recovery; over streams clients come back to any node
    --clients N      300 unless given
    --no-faults      only the load
`;

const ADAPTERS = ["pub_sub", "sharded", "streams"];

/** The options, or undefined if only help was wanted. What is wrong with them is thrown. */
export function parse(args) {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: "boolean", short: "h" },
      minutes: { type: "string", default: "10" },
      adapter: { type: "string", default: "pub_sub" },
      recovery: { type: "boolean", default: false },
      clients: { type: "string", default: "300" },
      "no-faults": { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const [minutes, clients] = [Number(values.minutes), Number(values.clients)];
  if (!(minutes > 0)) throw new Error(`--minutes: ${values.minutes}`);
  if (!(Number.isInteger(clients) && clients >= 6)) throw new Error("--clients: at least 6");
  if (!ADAPTERS.includes(values.adapter)) throw new Error(`--adapter: one of ${ADAPTERS.join(", ")}`);
  return {
    milliseconds: minutes * 60_000,
    adapter: values.adapter,
    recovery: values.recovery,
    clients,
    faults: !values["no-faults"],
  };
}
