// A roomcast node and one of Node.js on a Redis Cluster, with both of Node's Redis packages. All variants share
// the Redis Cluster, each behind a prefix of its own.

import { after, before, describe } from "node:test";
import { Cluster } from "./harness.mjs";
import { interoperate } from "./interop.mjs";
import { RedisCluster } from "./redis.mjs";

const RECOVERY = "60000"; // ms

const VARIANTS = [
  { adapter: "classic", CLIENT: "ioredis", PREFIX: "a" },
  { adapter: "classic-specific", CLIENT: "redis", PREFIX: "b" },
  { adapter: "sharded-static", CLIENT: "ioredis", PREFIX: "c" },
  { adapter: "sharded-dynamic", CLIENT: "redis", PREFIX: "d" },
  { adapter: "sharded-dynamic-private", CLIENT: "ioredis", PREFIX: "e" },
  { adapter: "streams", CLIENT: "ioredis", PREFIX: "f", STREAMS: "3", RECOVERY },
  { adapter: "streams", CLIENT: "redis", PREFIX: "g", SHARDED_PUB_SUB: "1", RECOVERY },
];

const mixed = (options) => ({ pairs: [["roomcast", "node"]], ...options });

// Much of each is waiting.
describe("on a Redis Cluster", { concurrency: VARIANTS.length }, () => {
  let redis;
  before(async () => (redis = await RedisCluster.start()));
  after(() => redis.stop());
  interoperate(VARIANTS.map(mixed), (kinds, options) => Cluster.on(redis, kinds, options));
});
