import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentConfigSpec } from "../../api/agent-config.ts";
import type { Job } from "../../kube/builtin.ts";
import { authorityEnv } from "../../plan/specs/authorities.ts";
import { renderFiles } from "./render-files.ts";

const apiVersion = "agent.xonovex.com/v1alpha1";
const OPERATOR_DEFAULTS = {
  namespace: "team",
  gitImage: "git:1",
  agentImage: "agent:1",
  operatorImage: "operator:1",
};
const renderRuns = (documents: Record<string, unknown>[], defaults: typeof OPERATOR_DEFAULTS) =>
  renderFiles(documents, defaults, { now: 0 });
const repository = { url: "https://example.com/repo.git" };

function run(spec: Record<string, unknown>): Record<string, unknown> {
  return {
    apiVersion,
    kind: "AgentRun",
    metadata: { name: "run" },
    spec: { prompt: "p", repository, ...spec },
  };
}

const provider = {
  apiVersion,
  kind: "AgentProvider",
  metadata: { name: "p" },
  spec: {
    authTokenSecretRef: { name: "s", key: "k" },
    environment: { ANTHROPIC_BASE_URL: "https://llm.example.com", OTHER_TOKEN: "hush" },
  },
};

const config = {
  apiVersion,
  kind: "AgentConfig",
  metadata: { name: "default" },
  spec: { defaultProviders: { claude: "p" }, defaultTimeout: "2h", storageSize: "1Gi" },
};

describe("what a run becomes", () => {
  it("shows a run that continues another one of the files as if that had ended", () => {
    const continuing = { prompt: undefined, repository: undefined, continueFrom: { run: "run" } };
    const named = (name: string, spec: object) => ({
      ...run({}),
      metadata: { name },
      spec: JSON.parse(JSON.stringify({ ...continuing, ...spec })) as object,
    });
    const credentialsSecretRef = { name: "push", key: "token" };
    const rendered = renderRuns(
      [
        run({}),
        provider,
        config,
        named("again", { prompt: "q" }),
        named("steps", { publish: { credentialsSecretRef } }),
        named("third", { prompt: "r", continueFrom: { run: "again" } }),
      ],
      OPERATOR_DEFAULTS,
    );
    assert.deepEqual(
      rendered.map(({ objects }) =>
        objects.map(({ kind, metadata }) => [kind, (metadata as { name: string }).name]),
      ),
      [
        [
          ["PersistentVolumeClaim", "run-workspace"],
          ["Job", "run"],
        ],
        [["Job", "again"]],
        [["Job", "steps-publish"]],
        [["Job", "third"]],
      ],
    );
    for (const { objects } of rendered)
      assert.match(JSON.stringify(objects), /"claimName":"run-workspace"|"storage"/);
    assert.throws(
      () => renderRuns([named("again", { prompt: "q" }), provider, config], OPERATOR_DEFAULTS),
      /team\/again continues AgentRun run, which is not among the objects/,
    );
  });

  it("shows the Job of each step that follows the agent", () => {
    const publish = {
      githubAppRef: { name: "app" },
      pullRequest: { title: "T" },
    };
    const verify = { command: ["make", "check"], gate: "NoRegression" };
    const github = { url: "https://github.com/o/r", githubAppRef: { name: "app" } };
    const rendered = renderRuns(
      [run({ verify, publish, repository: github }), provider, config],
      OPERATOR_DEFAULTS,
    );
    const jobs = rendered[0]?.objects.filter(({ kind }) => kind === "Job") as unknown as Job[];
    assert.deepEqual(
      jobs.map(({ metadata, spec: { template } }) => {
        const { initContainers = [], containers } = template.spec;
        return [metadata.name, ...[...initContainers, ...containers].map(({ name }) => name)];
      }),
      [
        ["run", "token", "git-clone", "git-checkout", "agent"],
        ["run-verify", "snapshot", "verify"],
        ["run-base", "snapshot", "verify"],
        ["run-publish", "pack", "token", "push", "pull-request"],
      ],
    );
    assert.match(JSON.stringify(jobs[1]), /"limits"/);
  });

  it("says where each value came from", () => {
    const [rendered] = renderRuns(
      [run({ image: "mine:1", model: "m" }), provider, config],
      OPERATOR_DEFAULTS,
    );
    const shown = Object.fromEntries(
      rendered?.effective.map(({ field, value, from }) => [field, [value, from]]) ?? [],
    );
    assert.deepEqual(shown["agent"], ["claude", "built in"]);
    assert.deepEqual(shown["provider"], ["p", "AgentConfig default"]);
    assert.deepEqual(shown["model"], ["m", "AgentRun"]);
    assert.deepEqual(shown["credential"], ["ANTHROPIC_AUTH_TOKEN from Secret s, key k", "AgentProvider p"]);
    assert.deepEqual(shown["image"], ["mine:1", "AgentRun"]);
    assert.deepEqual(shown["timeout"], ["7200s", "AgentConfig default"]);
    assert.deepEqual(shown["storageSize"], ["1Gi", "AgentConfig default"]);
    assert.deepEqual(shown["env.ANTHROPIC_BASE_URL"], ["https://llm.example.com", "AgentProvider p"]);
  });

  it("names the AgentConfig for every default that it decides", () => {
    const defaults: Required<Omit<AgentConfigSpec, "maxRunning">> = {
      defaultAgent: "opencode",
      defaultProviders: { opencode: "p" },
      defaultModel: "m",
      defaultImage: "theirs:1",
      defaultTimeout: "2h",
      defaultResources: { limits: { memory: "3Gi" } },
      defaultSetup: { command: ["npm", "ci"], timeout: "5m" },
      instructions: { text: "Use tabs." },
      mcpServers: [{ name: "tracker", url: "https://tracker.example.com/mcp" }],
      skills: [{ name: "notes", configMapRef: { name: "notes" } }],
      defaultVolumes: [{ name: "data", emptyDir: {} }],
      defaultVolumeMounts: [{ name: "data", mountPath: "/data" }],
      defaultCaches: [{ name: "npm", mountPath: "/home/agent/.npm" }],
      gitResources: { limits: { memory: "2Gi" } },
      podLabels: { team: "a" },
      podAnnotations: { "sidecar.istio.io/inject": "false" },
      defaultAffinity: { podAffinity: {} },
      defaultTopologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" },
      ],
      defaultHostAliases: [{ ip: "10.0.0.1", hostnames: ["git.local"] }],
      defaultDNSPolicy: "None",
      defaultDNSConfig: { nameservers: ["10.0.0.2"] },
      caBundleRef: { name: "ca", key: "ca.crt" },
      proxy: { http: "http://proxy:3128" },
      storageClass: "fast",
      storageSize: "1Gi",
      env: [{ name: "LANG", value: "C" }],
      gitIdentity: { name: "A", email: "a@example.com" },
      trustRepositoryConfig: true,
      defaultRuntimeClassName: "gvisor",
      defaultPriorityClassName: "low",
      defaultServiceAccountName: "agents",
      defaultImagePullSecrets: [{ name: "pull" }],
      defaultPodSecurityContext: { fsGroup: 5 },
    };
    const [rendered] = renderRuns([run({}), provider, { ...config, spec: defaults }], OPERATOR_DEFAULTS);
    const inherited = rendered?.effective.filter(({ from }) => from === "AgentConfig default") ?? [];
    // A proxy is a variable in each case, and an authority is named by several.
    const variables = 1 + authorityEnv(defaults.caBundleRef).length;
    assert.equal(inherited.length, Object.keys(defaults).length + variables, JSON.stringify(inherited));
  });

  it("joins what an agent gets of its namespace with the run's own, which replaces what has its name", () => {
    const server = (name: string, command: string) => ({ name, command });
    const skill = (name: string, from = name) => ({ name, configMapRef: { name: from } });
    const shared = {
      ...config.spec,
      instructions: { text: "Use tabs." },
      mcpServers: [server("a", "theirs"), server("b", "theirs")],
      skills: [skill("x"), skill("y")],
    };
    const own = {
      instructions: { text: "Run the tests." },
      mcpServers: [server("b", "mine"), server("c", "mine")],
      skills: [skill("y", "mine")],
    };
    const inputs = (document: Record<string, unknown>) => {
      const [rendered] = renderRuns([document, provider, { ...config, spec: shared }], OPERATOR_DEFAULTS);
      const wanted = rendered?.effective.filter(({ field }) =>
        /^(instructions|mcpServers|skills)/.test(field),
      );
      return wanted?.map(({ field, value, from }) => [field, value, from]);
    };
    assert.deepEqual(inputs(run(own)), [
      [
        "instructions",
        '[{"text":"Use tabs."},{"text":"Run the tests."}]',
        "AgentConfig default, then AgentRun",
      ],
      ["mcpServers.a", "theirs", "AgentConfig default"],
      ["mcpServers.b", "mine", "AgentRun"],
      ["mcpServers.c", "mine", "AgentRun"],
      ["skills.x", "ConfigMap x", "AgentConfig default"],
      ["skills.y", "ConfigMap mine", "AgentRun"],
    ]);
    // The namespace's are for agents that know such a thing.
    assert.deepEqual(inputs(run({ agent: "custom", command: ["make"] })), [
      ["instructions", '[{"text":"Use tabs."}]', "AgentConfig default"],
    ]);
  });

  it("gives the claim and the Job in the namespace, without what is secret", () => {
    const [rendered] = renderRuns([run({}), provider, config], OPERATOR_DEFAULTS);
    assert.deepEqual(
      rendered?.objects.map(({ kind }) => kind),
      ["PersistentVolumeClaim", "Job"],
    );
    const text = JSON.stringify(rendered);
    assert.match(text, /"image":"agent:1"/);
    assert.match(text, /"namespace":"team"/);
    assert.ok(!text.includes("hush"));
  });

  it("shows the program of a run that brings its own, which needs no provider", () => {
    const [rendered] = renderRuns([run({ agent: "custom", command: ["make", "fix"] })], OPERATOR_DEFAULTS);
    const command = rendered?.effective.find(({ field }) => field === "command");
    assert.deepEqual(command, { field: "command", value: '["make","fix"]', from: "AgentRun" });
    const job = JSON.stringify(rendered?.objects.find(({ kind }) => kind === "Job"));
    assert.match(job, /"args":\["fix"\]/);
    assert.match(job, /"AGENT_CLI=make"/);
  });

  const wrong: [what: string, documents: Record<string, unknown>[], says: RegExp][] = [
    [
      "a run that an API server would refuse",
      [run({ agent: "hal" }), provider],
      /AgentRun run is invalid: spec\.agent/,
    ],
    [
      "a run whose provider is in none of the files",
      [run({ providerRef: "q" })],
      /ProviderNotFound: AgentProvider q/,
    ],
    [
      "a provider for another agent",
      [
        run({ agent: "opencode", providerRef: "p" }),
        { ...provider, spec: { ...provider.spec, agentTypes: ["claude"] } },
      ],
      /AgentMismatch/,
    ],
    [
      "a field that there is not, as `on` becomes by itself in YAML",
      [run({ retry: { limit: 2, reasons: ["Evicted"], true: ["Evicted"] } }), provider],
      /AgentRun run is invalid: unknown field "spec\.retry\.true"/,
    ],
    ["files without a run", [provider], /there is no AgentRun/],
  ];
  for (const [what, documents, says] of wrong) {
    it(`refuses ${what}`, () => assert.throws(() => renderRuns(documents, OPERATOR_DEFAULTS), says));
  }
});
