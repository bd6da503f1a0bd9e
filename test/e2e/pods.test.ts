import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { agentConfigs, agentWorkspaces } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { configMaps, persistentVolumeClaims, pods, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { startCommand } from "../support/operator-program.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";
import { aSecret } from "../support/objects.ts";

const SCENARIOS = {
  "ask the web": [
    { actions: [{ run: "curl -s localhost:18081 >asked; git add asked; git commit -qm Asked" }] },
    { text: "Done." },
  ],
  "kill the web": [{ actions: [{ run: "curl -s localhost:18082/die; sleep 3" }] }, { text: "Done." }],
  prepared: [
    { actions: [{ run: "cat ~/.cache/prepared >found; git add found; git commit -qm Found" }] },
    { text: "Done." },
  ],
  mounted: [
    { actions: [{ run: "cat /datasets/state /settings/level >found; git add found; git commit -qm Found" }] },
    { text: "Done." },
  ],
  commit: committingScenario(),
};

const sh = (script: string) => ["sh", "-c", script];

describe("a run with setup", { concurrency: 2, timeout: 180_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  before(() => agents.add(secrets, aSecret("registry", { token: "registry-t0ken" })));

  it("prepares what the agent and the verification find", async () => {
    const { status } = await agents.run("prepared", {
      prompt: "prepared",
      setup: { command: sh('mkdir -p ~/.cache; basename "$PWD" >~/.cache/prepared; echo "$TOKEN"') },
      env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "registry", key: "token" } } }],
      verify: { command: sh('grep -q workspace found && cat ~/.cache/prepared && [ -z "$TOKEN" ]') },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.output, "workspace\n");
    const said = await agents.cluster.kubectl("logs", "job/prepared", "-c", "setup");
    assert.equal(said.trim(), "***");
  });

  it("has the labels, annotations and places of its pods from the run and the AgentConfig", async () => {
    const { client, namespace } = agents.cluster;
    await agents.add(agentConfigs, {
      metadata: { name: "default" },
      spec: {
        podLabels: { team: "a", "app.example.com/part": "config" },
        podAnnotations: { "sidecar.istio.io/inject": "false" },
        defaultDNSPolicy: "Default",
        proxy: { noProxy: "127.0.0.1" },
      },
    });
    const { status } = await agents.run("placed", {
      prompt: "commit",
      podLabels: { team: "b" },
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: "zone" } },
          ],
        },
      },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
      hostAliases: [{ ip: "127.0.0.1", hostnames: ["git.local"] }],
      verify: { command: ["true"] },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    const labelSelector = "agent.xonovex.com/run=placed";
    const { items } = await client.list(pods, { namespace, labelSelector });
    assert.equal(items.length, 2, "of the agent and of verify");
    for (const { metadata, spec } of items) {
      assert.deepEqual(
        [metadata.labels?.["team"], metadata.labels?.["app.example.com/part"]],
        ["b", "config"],
      );
      assert.equal(metadata.annotations?.["sidecar.istio.io/inject"], "false");
      assert.deepEqual(
        [spec.dnsPolicy, spec.hostAliases?.length, spec.topologySpreadConstraints?.length],
        ["Default", 1, 1],
      );
    }
  });

  it("fails with its last lines", async () => {
    const { status } = await agents.run("broken", {
      prompt: "commit",
      setup: { command: sh("echo no such package >&2; exit 7") },
    });
    assert.equal(status?.reason, "SetupFailed");
    assert.match(status.message ?? "", /^setup failed with exit code 7; its last lines: no such package\n/);
  });

  it("is shown at work, and stopped at its timeout", async () => {
    await agents.create("hangs", { prompt: "commit", setup: { command: sh("sleep 600"), timeout: "4s" } });
    await agents.until("hangs", ({ status }) => status?.reason === "SettingUp");
    const { status } = await agents.until("hangs");
    assert.equal(status?.reason, "SetupTimedOut", status?.message);
  });

  it("runs in each worktree of a workspace that has it", async () => {
    const repository = { url: agents.repositoryUrl };
    const setup = { command: sh('mkdir -p ~/.cache; basename "$PWD" >~/.cache/prepared') };
    await agents.add(agentWorkspaces, {
      metadata: { name: "ws" },
      spec: { repository, accessMode: "ReadWriteOnce", setup },
    });
    const { status } = await agents.run("in-worktree", {
      repository: undefined,
      workspaceRef: "ws",
      worktree: { branch: "found" },
      prompt: "prepared",
      verify: { command: sh("cat found && cat ~/.cache/prepared") },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.output, "in-worktree\nworkspace\n");
  });
});

/** A service that answers every request, and ends when it is asked for /die. */
function serviceAt(port: number, more: object = {}) {
  const program = `const { createServer } = require("node:http");
    setTimeout(() => createServer((request, response) => {
      if (request.url === "/die") process.exit(5);
      response.end(process.env.WORD ?? "here");
    }).listen(${port}), 1500);`;
  return { name: "web", image: "node:24", command: ["node", "-e", program], ports: [port], ...more };
}

describe("a run with services", { concurrency: 2, timeout: 180_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);

  it("starts setup and the agent when they are ready, and ends without them; the verification has its own", async () => {
    const { status } = await agents.run("asks", {
      prompt: "ask the web",
      services: [
        serviceAt(18081, { env: [{ name: "WORD", value: "hello" }], readiness: { http: { port: 18081 } } }),
      ],
      setup: { command: sh("curl -sf localhost:18081") },
      verify: { command: sh('[ "$(cat asked)" = hello ] && curl -sf localhost:18081') },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.output, "hello\n");
    assert.equal((await agents.cluster.kubectl("logs", "job/asks", "-c", "setup")).trim(), "hello");
    const { client, namespace } = agents.cluster;
    const { items } = await client.list(pods, { namespace, labelSelector: "agent.xonovex.com/run=asks" });
    assert.equal(items.length, 2, "of the agent and of verify");
    // The run does not wait for its services; the node ends them.
    for (const { metadata } of items) {
      const at = { namespace, name: metadata.name ?? "" };
      await waitFor(client, pods, at, (pod) => pod.status?.phase === "Succeeded");
    }
  });

  it("names a service that has died", async () => {
    const { status } = await agents.run("kills", { prompt: "kill the web", services: [serviceAt(18082)] });
    assert.match(status?.message ?? "", /; service web ended with exit code 5 while the agent was at work$/);
  });

  it("fails with the last lines of one that cannot start, and says that a port is taken", async () => {
    const broken = {
      name: "db",
      image: "x",
      command: sh("echo no data directory >&2; exit 3"),
      ports: [18083],
    };
    await agents.create("broken", { prompt: "commit", services: [broken] });
    const held = agents.repositoryUrl.replace(/^.*:(\d+)\/.*$/, "$1");
    await agents.create("taken", {
      prompt: "commit",
      services: [serviceAt(Number(held), { readiness: { command: ["false"] } })],
    });
    await agents.until("broken", (run) => run.status?.reason === "ServiceNotReady");
    const { status } = await agents.until("broken", undefined, 90_000);
    assert.equal(status?.reason, "ServiceFailed", status?.message);
    assert.match(
      status.message ?? "",
      /^service db ended with exit code 3 before it was ready; its last lines: no data directory/,
    );
    const taken = await agents.until("taken", undefined, 90_000);
    assert.equal(taken.status?.reason, "PortTaken", taken.status?.message);
  });

  it("ends although a service ignores SIGTERM, and so do what it starts and what leaves its session", async () => {
    const stubborn = "trap '' TERM HUP INT; while :; do sleep 1; done";
    const command = sh(`(${stubborn}) & setsid sh -c "${stubborn}" & ${stubborn}`);
    await agents.create("stubborn", {
      prompt: "commit",
      services: [{ name: "mule", image: "x", command }],
    });
    const { status } = await agents.until("stubborn", undefined, 90_000);
    assert.equal(status?.phase, "Succeeded", status?.message);
    const { client, namespace } = agents.cluster;
    const { items } = await client.list(pods, { namespace, labelSelector: "agent.xonovex.com/run=stubborn" });
    const at = { namespace, name: items[0]?.metadata.name ?? "" };
    await waitFor(client, pods, at, (pod) => pod.status?.phase === "Succeeded", 90_000);
  });

  it("fails with a message that no terminal obeys, whatever a service has written", async () => {
    const said = String.raw`\033]0;title\007\033[2J\033[31mred\r\b\302\233mend\0`;
    const command = sh(`printf '${said}' >&2; exit 3`);
    await agents.create("hostile", {
      prompt: "commit",
      services: [{ name: "db", image: "x", command, ports: [18084] }],
    });
    const { status } = await agents.until("hostile", undefined, 90_000);
    assert.equal(status?.reason, "ServiceFailed", status?.message);
    assert.match(
      status.message ?? "",
      /^service db ended with exit code 3 before it was ready; its last lines: /,
    );
    assert.match(status.message ?? "", /red\n.*end/);
    assert.doesNotMatch((status.message ?? "").replaceAll("\n", ""), /\p{Cc}/u);
    const events = await agents.cluster.kubectl("get", "events", "-o", "jsonpath={.items[*].message}");
    assert.doesNotMatch(events.replaceAll("\n", ""), /\p{Cc}/u);
  });
});

describe("a run with caches", { timeout: 180_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);

  it("finds what earlier runs have left there, until the cache is cleared", async () => {
    const { cluster } = agents;
    const command = (...args: [string, ...string[]]) => startCommand(cluster, args).ended;
    const caches = [{ name: "npm", mountPath: "/home/agent/.npm", storageSize: "1Gi" }];
    const count = "date >>~/.npm/runs; wc -l <~/.npm/runs";
    await agents.add(agentConfigs, { metadata: { name: "default" } });
    const counted = async (name: string) => {
      const verify = { command: sh("wc -l <~/.npm/runs"), caches: ["npm"] };
      const { status } = await agents.run(name, {
        prompt: "commit",
        caches,
        setup: { command: sh(count) },
        verify,
      });
      assert.equal(status?.phase, "Succeeded", status?.message);
      return status.verification?.output?.trim();
    };
    // A verification runs setup too.
    assert.equal(await counted("first"), "2");
    assert.equal(await counted("second"), "4");
    const listed = await command("caches", "list");
    assert.match(
      listed.stdout,
      /^NAME +STATUS +CAPACITY[^]*\nnpm +Bound +1Gi +ReadWriteOnce .*Z +[-0-9]+T[:0-9]+Z +none\n$/,
    );
    const config = await waitFor(
      cluster.client,
      agentConfigs,
      { namespace: cluster.namespace, name: "default" },
      ({ status }) => status?.caches?.[0]?.lastUsed !== undefined,
      60_000,
    );
    assert.deepEqual(
      config.status?.caches?.map(({ name, size }) => [name, size]),
      [["npm", "1Gi"]],
    );
    await cluster.client.delete(agentConfigs, { namespace: cluster.namespace, name: "default" });
    const cleared = await command("caches", "clear", "npm");
    assert.equal(cleared.code, 0, cleared.stderr);
    await waitForAbsence(cluster.client, persistentVolumeClaims, {
      namespace: cluster.namespace,
      name: "cache-npm",
    });
    // Two that make the new claim at once share it: whose verification is last sees what both have written.
    const both = await Promise.all([counted("third"), counted("fourth")]);
    assert.equal(both.toSorted().at(-1), "4");
    assert.equal((await command("caches", "clear", "pip")).code, 1);
  });

  it("mounts volumes for setup, the agent and the verification, each what it may have", async () => {
    const { client, namespace } = agents.cluster;
    await agents.add(secrets, aSecret("npmrc", { npmrc: "//registry/:_authToken=s3cret-token-of-npm" }));
    await client.create(configMaps, { metadata: { name: "settings", namespace }, data: { level: "high" } });
    await agents.add(persistentVolumeClaims, {
      metadata: { name: "datasets" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    await agents.add(agentConfigs, {
      metadata: { name: "default" },
      spec: {
        defaultVolumes: [
          { name: "npmrc", secret: { secretName: "npmrc", items: [{ key: "npmrc", path: ".npmrc" }] } },
          { name: "settings", configMap: { name: "settings" } },
          { name: "datasets", persistentVolumeClaim: { claimName: "datasets" } },
        ],
        defaultVolumeMounts: [
          { name: "npmrc", mountPath: "/home/agent/.npmrc", subPath: ".npmrc" },
          { name: "settings", mountPath: "/settings" },
          { name: "datasets", mountPath: "/datasets" },
        ],
      },
    });
    const { status } = await agents.run("mounting", {
      prompt: "mounted",
      setup: { command: sh("cat ~/.npmrc; [ ! -e /datasets ] || echo prepared >/datasets/state") },
      // What was mounted over a file in setup leaves an empty one.
      verify: { command: sh("cat /settings/level ~/.npmrc; [ ! -e /datasets ]") },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.output, "high\n");
    assert.equal(status.result?.git?.filesChanged, 1);
    const said = await agents.cluster.kubectl("logs", "job/mounting", "-c", "setup");
    assert.equal(said.trim(), "***");
    // As a workspace would have made it.
    await agents.add(persistentVolumeClaims, {
      metadata: { name: "shared-data", labels: { "app.kubernetes.io/managed-by": "agent-operator" } },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    const own = await agents.run("thief", {
      prompt: "commit",
      volumes: [{ name: "work", persistentVolumeClaim: { claimName: "shared-data" } }],
      volumeMounts: [{ name: "work", mountPath: "/work" }],
      timeout: "1m",
    });
    assert.deepEqual([own.status?.phase, own.status?.reason], ["Failed", "Unsupported"], own.status?.message);
  });

  it("takes no claim of that name that somebody else has made", async () => {
    await agents.add(persistentVolumeClaims, {
      metadata: { name: "cache-taken" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    const { status } = await agents.run("taken", {
      prompt: "commit",
      caches: [{ name: "taken", mountPath: "/data" }],
    });
    assert.equal(status?.reason, "NameTaken", status?.message);
  });
});
