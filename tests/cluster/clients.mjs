// Connections of the Redis packages for Node.js.

import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";

/** To one server, or to a Redis Cluster, of whose nodes these are the URLs, with commas between them. */
export async function connect(url, client = "redis") {
  const urls = url.split(",");
  const connection = (client === "ioredis" ? ioredis : nodeRedis)(urls);
  connection.on("error", () => {}); // it reconnects
  if (client !== "ioredis") await connection.connect();
  return connection;
}

/** Without `shardedSubscribers` it subscribes to channels of all slots at one of the nodes. */
const ioredis = (urls) => (urls.length === 1 ? new Redis(urls[0]) : new Cluster(urls, { shardedSubscribers: true }));

function nodeRedis(urls) {
  return urls.length === 1 ? createClient({ url: urls[0] }) : createCluster({ rootNodes: urls.map((url) => ({ url })) });
}
