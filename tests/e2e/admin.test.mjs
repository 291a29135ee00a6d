// The admin page's protocol, packet by packet the same as that of @socket.io/admin-ui: every test runs against it, then
// against roomcast.

import { describe } from "node:test";
import { commands } from "./admin/commands.mjs";
import { configuration } from "./admin/configuration.mjs";
import { credentials } from "./admin/credentials.mjs";
import { KINDS, startWith } from "./admin/kit.mjs";
import { sockets } from "./admin/sockets.mjs";
import { statistics } from "./admin/statistics.mjs";

for (const kind of Object.keys(KINDS)) {
  describe(kind, { concurrency: 4 }, () => {
    const start = (t, options) => startWith(t, kind, options);
    credentials(start);
    configuration(start);
    sockets(start);
    commands(start);
    statistics(start);
  });
}
