// What the files of examples/deploy are tried with: a Redis, three nodes, of the example `cluster` unless it is said
// otherwise, and one of the proxies before them. GUIDE_BIN names the folder of the nodes' program.

import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import { freePort, next, within } from "../server.mjs";
import { Process, until } from "./process.mjs";

export const { GUIDE_BIN } = process.env;
export const DEPLOY = fileURLToPath(new URL("../../../examples/deploy/", import.meta.url));
export const NODES = ["node-1", "node-2", "node-3"];

/** The command of a node. */
const example = (options) => ({ name, redis, clients, operations }) => {
  const here = ["--redis", redis, "--name", name, "--port", clients, "--operations", operations];
  return [path.join(GUIDE_BIN, "cluster"), "--proxies", "1", ...here, ...options];
};

/** The same of the soak's, with recovery; `options` are for its environment. */
const recovering = (options) => ({ name, redis, clients }) => {
  const env = { NAME: name, PORT: clients, REDIS: redis, ADAPTER: "streams", RECOVERY: 1, ...options };
  const set = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return ["env", ...set, path.join(GUIDE_BIN, "soak-node")];
};

/**
 * A file of examples/deploy for this machine: what it says to change is changed, and nothing else. That is the nodes'
 * addresses, the port to listen on, and as many connections as there may be descriptors for. And it need not be root.
 */
function rendered(file, ports, port) {
  const text = readFileSync(path.join(DEPLOY, file), "utf8");
  return text
    .replace(/(node-\d):3000 port 9000/g, (_, name) => `${name}:3000 port ${ports.get(name).operations}`)
    .replace(/(node-\d):3000/g, (_, name) => `127.0.0.1:${ports.get(name).clients}`)
    .replace(/^(\s+listen) 80 backlog=16384;$/m, `$1 127.0.0.1:${port};`)
    .replace(/^(\s+bind) :80$/m, `$1 127.0.0.1:${port}`)
    .replace(/^(\s+maxconn) 100000$/m, "$1 1000")
    .replace(/^\s+(user|group|chroot) .*\n/gm, "");
}

/** nginx.conf with folders that anybody may use, and as many connections as there may be descriptors for. */
function nginx(folder) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((of) => `    ${of}_temp_path ${of};`);
  const text = readFileSync(path.join(DEPLOY, "nginx/nginx.conf"), "utf8");
  return text
    .replace("pid /run/nginx.pid;", "pid nginx.pid;\ndaemon off;")
    .replace("include /etc/nginx/conf.d/*.conf;", "include roomcast.conf;")
    .replace(/^http \{$/m, ["http {", ...temporary].join("\n"))
    .replace("worker_connections 65536;", "worker_connections 1024;")
    .replace("worker_rlimit_nofile 131072;", "worker_rlimit_nofile 1024;");
}

function startProxy(file, text, folder) {
  const config = path.join(folder, file.startsWith("nginx") ? "roomcast.conf" : "haproxy.cfg");
  writeFileSync(config, text);
  if (!file.startsWith("nginx")) return new Process("haproxy", "-db", "-f", config);
  writeFileSync(path.join(folder, "nginx.conf"), nginx(folder));
  return new Process("nginx", "-e", "stderr", "-p", folder, "-c", path.join(folder, "nginx.conf"));
}

/** A Redis that keeps nothing, stopped with the test; its URL. */
export async function startRedis(t) {
  const port = await freePort();
  const redis = new Process("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no");
  t.after(() => redis.stop());
  await redis.prints(/Ready to accept connections/);
  return `redis://127.0.0.1:${port}/`;
}

/** What Prometheus reads of a node. */
export async function figures(operationsUrl) {
  return (await fetch(`${operationsUrl}/metrics`)).text();
}

export class World {
  #folder = mkdtempSync(path.join(tmpdir(), "deploy-"));
  #nodes = new Map();
  #ports = new Map();
  #command;

  constructor(command) {
    this.#command = command;
  }

  /** Stopped with the test. `options` are those of the nodes. */
  static start(t, file, ...options) {
    return World.#of(t, file, example(options));
  }

  /** The same with connection state recovery, whose nodes serve what is for operations to their clients. */
  static startRecovering(t, file, options) {
    return World.#of(t, file, recovering(options), true);
  }

  static async #of(t, file, command, onePort = false) {
    assert.ok(GUIDE_BIN, "GUIDE_BIN must name the folder of the nodes' program");
    const world = new World(command);
    t.after(() => world.#stop());
    chmodSync(world.#folder, 0o755); // nginx's workers are another user's
    world.redis = await startRedis(t);
    for (const name of NODES) {
      const clients = await freePort();
      world.#ports.set(name, { clients, operations: onePort ? clients : await freePort() });
      await world.startNode(name);
    }
    await world.#startProxy(file);
    return world;
  }

  /**
   * The proxy before three servers of which `answer` says what they say: called with the name, the request and the response.
   * What it does not end is ended.
   */
  static async before(t, file, answer = () => {}) {
    const world = new World();
    t.after(() => world.#stop());
    chmodSync(world.#folder, 0o755);
    for (const name of NODES) {
      const server = createServer((request, response) => {
        answer(name, request, response);
        response.end();
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      t.after(() => server.close().closeAllConnections());
      const { port } = server.address();
      world.#ports.set(name, { clients: port, operations: port });
    }
    await world.#startProxy(file);
    return world;
  }

  async #startProxy(file) {
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    this.proxy = startProxy(file, rendered(file, this.#ports, port), this.#folder);
    await until("the proxy leads to a node", async () => {
      assert.ok(this.proxy.runs, this.proxy.output);
      return fetch(this.url).then((answer) => answer.status < 500, () => false);
    });
  }

  /** Starts a node, where it was if it was there before. */
  async startNode(name) {
    const node = new Process(...this.#command({ name, redis: this.redis, ...this.#ports.get(name) }));
    this.#nodes.set(name, node);
    await until(`${name} is ready`, () => {
      assert.ok(node.runs, node.output);
      return fetch(`${this.operationsUrl(name)}/ready`).then((answer) => answer.ok, () => false);
    });
  }

  /** Past the proxy. */
  nodeUrl(name) {
    return `http://127.0.0.1:${this.#ports.get(name).clients}`;
  }

  /** For who runs it. */
  operationsUrl(name) {
    return `http://127.0.0.1:${this.#ports.get(name).operations}`;
  }

  killNode(name) {
    return this.#nodes.get(name).stop("SIGKILL");
  }

  /** Begins to shut a node down. It ends when its sessions have: those whose polls go elsewhere by now take their time. */
  shutDownNode(name) {
    this.#nodes.get(name).child.kill("SIGTERM");
    const ready = fetch.bind(undefined, `${this.operationsUrl(name)}/ready`);
    return until(`${name} is not ready`, () => ready().then((answer) => answer.status === 503, () => true));
  }

  /** Shuts a node down, and waits until it has ended; its exit code, or the signal that it died of. */
  async endNode(name) {
    const { child, exited } = this.#nodes.get(name);
    child.kill("SIGTERM");
    const [code, signal] = await within(exited, `end of ${name}`);
    return code ?? signal;
  }

  async #stop() {
    const nodes = [...this.#nodes.values()].map((node) => node.stop("SIGKILL"));
    await Promise.all([this.proxy?.stop(), ...nodes]);
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
