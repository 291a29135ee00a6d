// The official client against the test server: every feature over every transport, with the default
// and the msgpack parser.

import { describe } from "node:test";
import { acks } from "./client/acks.mjs";
import { binary } from "./client/binary.mjs";
import { connecting } from "./client/connecting.mjs";
import { events } from "./client/events.mjs";
import { Lab } from "./client/lab.mjs";
import { leaving } from "./client/leaving.mjs";
import { namespaces } from "./client/namespaces.mjs";
import { network } from "./client/network.mjs";
import { recovery } from "./client/recovery.mjs";
import { rooms } from "./client/rooms.mjs";
import { sizes } from "./client/sizes.mjs";
import { upgrade } from "./client/upgrade.mjs";
import { VARIANTS } from "./client/variants.mjs";

const FEATURES = { connecting, namespaces, events, acks, binary, rooms, sizes, leaving, network, recovery };

/** Much of a test is waiting. */
const CONCURRENCY = 4;

describe("socket.io-client", { concurrency: CONCURRENCY }, () => {
  for (const variant of VARIANTS) {
    describe(variant.name, () => {
      const lab = new Lab(variant);
      for (const [name, feature] of Object.entries(FEATURES)) describe(name, () => feature(lab));
      if (lab.upgrades) describe("upgrade", () => upgrade(lab));
    });
  }
});
