// Containers, as Podman runs them, and what the kernel says of them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Process, until } from "./process.mjs";

const run = promisify(execFile);

const CAP_SYS_RESOURCE = 1n << 24n;
const PROJECT = "roomcast";
const SERVICE = "unix:///run/podman.sock";

/** What a command prints; what it says besides is in the error if it fails. */
async function output(program, args) {
  const env = { ...process.env, DOCKER_HOST: SERVICE };
  const { stdout } = await run(program, args, { env, maxBuffer: 16 << 20 });
  return stdout.trim();
}

export const podman = (...args) => output("podman", args);

/** Docker Compose for a file, with Podman in place of Docker's daemon until the test ends. */
export async function compose(t, file) {
  const service = new Process("podman", "system", "service", "--time", "0", SERVICE);
  const command = (...args) => output("docker-compose", ["--project-name", PROJECT, "--file", file, ...args]);
  t.after(async () => {
    await command("down");
    await service.stop();
  });
  await until("Podman serves", () => existsSync(new URL(SERVICE).pathname));
  return command;
}

/** How many descriptors a container that asks for so many gets: where root may not raise its limit, as many as this process. */
export function descriptors(wanted) {
  const [, capabilities] = /^CapEff:\s+(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  const [, own] = /^Max open files +\S+ +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  return BigInt(`0x${capabilities}`) & CAP_SYS_RESOURCE ? wanted : Math.min(wanted, own);
}

export class Container {
  constructor(id) {
    this.id = id;
  }

  /** Starts one, which is removed with the test. */
  static async start(t, ...args) {
    const container = new Container(await podman("run", "--detach", ...args));
    t.after(() => podman("rm", "--force", "--time", "0", container.id));
    return container;
  }

  /** The one of a service of a Compose file, once it runs. */
  static of(service) {
    const labels = { project: PROJECT, service };
    const filters = Object.entries(labels).flatMap(([name, value]) => ["--filter", `label=com.docker.compose.${name}=${value}`]);
    return until(`${service} runs`, async () => {
      const id = await podman("ps", "--quiet", "--no-trunc", ...filters);
      return /^[0-9a-f]{64}$/.test(id) && new Container(id);
    });
  }

  async #inspect() {
    return JSON.parse(await podman("inspect", this.id))[0];
  }

  /** Where it can be reached. */
  async address() {
    const { NetworkSettings: { IPAddress, Networks } } = await this.#inspect();
    return Object.values(Networks ?? {})[0]?.IPAddress || IPAddress;
  }

  /** What the kernel lets its first process do. */
  async process() {
    const { State: { Pid } } = await this.#inspect();
    const read = (file) => readFileSync(`/proc/${Pid}/${file}`, "utf8");
    const status = new Map([...read("status").matchAll(/^(\w+):\s+(.+)$/gm)].map(([, name, value]) => [name, value]));
    const [, options] = /^\d+ \d+ \S+ \S+ \/ (\S+) /m.exec(read("mountinfo"));
    const [, soft, hard] = /^Max open files +(\S+) +(\S+)/m.exec(read("limits"));
    return {
      user: Number(status.get("Uid").split("\t")[1]),
      group: Number(status.get("Gid").split("\t")[1]),
      capabilities: [status.get("CapEff"), status.get("CapBnd")].map((bits) => BigInt(`0x${bits}`)),
      noNewPrivileges: status.get("NoNewPrivs") === "1",
      readOnly: options.split(",").includes("ro"),
      descriptors: [Number(soft), Number(hard)],
    };
  }

  /** Whether its health check succeeds. */
  healthy() {
    return podman("healthcheck", "run", this.id).then(() => true, () => false);
  }

  /** An answer on the port for operations, once there is one of this status. */
  async answers(path, status) {
    const url = `http://${await this.address()}:9000${path}`;
    const logs = () => podman("logs", this.id).catch(String);
    const answered = until(`${path} is ${status}`, () => fetch(url).then((answer) => answer.status === status, () => false));
    await answered.catch(async (error) => assert.fail(`${error.message}: ${await logs()}`));
  }

  /** Its exit code, when it has ended. */
  async exit() {
    return Number(await podman("wait", this.id));
  }
}
