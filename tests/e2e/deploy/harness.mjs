// What the files of examples/deploy are tried with: a Redis, three nodes of the example `cluster`, and one of the proxies
// before them. GUIDE_BIN names the folder of the nodes' program.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { freePort, next } from "../server.mjs";
import { Process, until } from "./process.mjs";

const { GUIDE_BIN } = process.env;
const DEPLOY = fileURLToPath(new URL("../../../examples/deploy/", import.meta.url));
const NODES = ["node-1", "node-2", "node-3"];

/**
 * A file of examples/deploy for this machine: what it says to change is changed, and nothing else. That is the nodes'
 * addresses, the port to listen on, and as many connections as there may be descriptors for.
 */
function rendered(file, ports, port) {
  const text = readFileSync(path.join(DEPLOY, file), "utf8");
  return text
    .replace(/(node-\d):3000/g, (_, name) => `127.0.0.1:${ports.get(name)}`)
    .replace(/^(\s+listen) 80;$/m, `$1 127.0.0.1:${port};`)
    .replace(/^(\s+bind) :80$/m, `$1 127.0.0.1:${port}`)
    .replace(/^(\s+maxconn) 100000$/m, "$1 1000");
}

/** What /etc/nginx/nginx.conf is where the file goes to /etc/nginx/conf.d. */
const NGINX = `
daemon off;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include roomcast.conf;
}
`;

function startProxy(file, text, folder) {
  const config = path.join(folder, file.startsWith("nginx") ? "roomcast.conf" : "haproxy.cfg");
  writeFileSync(config, text);
  if (!file.startsWith("nginx")) return new Process("haproxy", "-db", "-f", config);
  writeFileSync(path.join(folder, "nginx.conf"), NGINX);
  return new Process("nginx", "-e", "stderr", "-p", folder, "-c", path.join(folder, "nginx.conf"));
}

export class World {
  #folder = mkdtempSync(path.join(tmpdir(), "deploy-"));
  #nodes = new Map();
  #ports = new Map();

  /** Stopped with the test. */
  static async start(t, file) {
    assert.ok(GUIDE_BIN, "GUIDE_BIN must name the folder of the nodes' program");
    const world = new World();
    t.after(() => world.#stop());
    chmodSync(world.#folder, 0o755); // nginx's workers are another user's
    world.redisPort = await freePort();
    world.redis = new Process("redis-server", "--bind", "127.0.0.1", "--port", world.redisPort, "--save", "", "--dir", world.#folder);
    await world.redis.prints(/Ready to accept connections/);
    for (const name of NODES) {
      world.#ports.set(name, await freePort());
      await world.startNode(name);
    }
    const port = await freePort();
    world.url = `http://127.0.0.1:${port}`;
    world.proxy = startProxy(file, rendered(file, world.#ports, port), world.#folder);
    await until("the proxy leads to the page", async () => {
      assert.ok(world.proxy.runs, world.proxy.output);
      return fetch(world.url).then((answer) => answer.ok, () => false);
    });
    return world;
  }

  /** Starts a node, where it was if it was there before. */
  async startNode(name) {
    const options = ["--redis", `redis://127.0.0.1:${this.redisPort}/`, "--name", name, "--port", this.#ports.get(name)];
    this.#nodes.set(name, new Process(path.join(GUIDE_BIN, "cluster"), ...options));
    await this.#nodes.get(name).prints(/listening on/);
    await until(`${name} is ready`, async () => (await fetch(`${this.nodeUrl(name)}/ready`)).ok);
  }

  /** Past the proxy. */
  nodeUrl(name) {
    return `http://127.0.0.1:${this.#ports.get(name)}`;
  }

  killNode(name) {
    return this.#nodes.get(name).stop("SIGKILL");
  }

  /** Begins to shut a node down. It ends when its sessions have: those whose polls go elsewhere by now take their time. */
  shutDownNode(name) {
    this.#nodes.get(name).child.kill("SIGTERM");
    const ready = fetch.bind(undefined, `${this.nodeUrl(name)}/ready`);
    return until(`${name} is not ready`, () => ready().then((answer) => answer.status === 503, () => true));
  }

  async #stop() {
    const nodes = [...this.#nodes.values()].map((node) => node.stop("SIGKILL"));
    await Promise.all([this.proxy?.stop(), this.redis?.stop(), ...nodes]);
    rmSync(this.#folder, { recursive: true });
  }

  /** A client with an address and cookies of its own, and what befalls it. */
  async enter(t, number, options) {
    const nick = `guest ${number}`;
    // Of a network of its own, too, for those that look at no more of it.
    // Without connections that are used again: in Node.js the client's requests hang when one of those breaks.
    const agent = new Agent({ localAddress: `127.0.${number}.1` });
    const socket = io(this.url, {
      agent,
      auth: { nick },
      forceNew: true,
      reconnectionDelay: 20,
      withCredentials: true,
      ...options,
    });
    t.after(() => {
      socket.disconnect();
      agent.destroy();
    });
    const client = { nick, socket, lost: 0, errors: [], heard: [] };
    socket.on("disconnect", () => (client.lost += 1));
    socket.on("connect_error", (error) => client.errors.push(error));
    socket.on("message", ({ text }) => client.heard.push(text));
    socket.on("welcome", (node) => (client.node = node));
    await next(socket, "welcome");
    return client;
  }
}
