import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRunSpec } from "../../api/agent-run.ts";
import { buildRunJob } from "../specs/run-job.ts";
import type { References } from "./observed.ts";
import { resolveRun, type Resolution } from "./resolve.ts";

const GATEWAY: AgentProvider = {
  metadata: { name: "gateway", namespace: "team" },
  spec: {
    authTokenSecretRef: { name: "credentials", key: "token" },
    environment: { OPENAI_BASE_URL: "http://gateway:4000/v1" },
    cliArgs: ["--verbose"],
    model: "m-1",
  },
};

/** A run of `make fix` that is right but for these fields. */
function resolved(spec: Partial<AgentRunSpec> = {}, references: Partial<References> = {}): Resolution {
  return resolveRun({
    run: {
      metadata: { name: "demo", namespace: "team", uid: "run-uid" },
      spec: {
        agent: "custom",
        command: ["make", "fix"],
        repository: { url: "https://example.com/repo.git" },
        prompt: "Fix it",
        ...spec,
      },
    },
    references: { secrets: new Map([["credentials", ["token"]]]), ...references },
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    now: 0,
  });
}

/** The container that the run's program gets. */
function containerOf(resolution: Resolution) {
  assert.ok("resolved" in resolution, JSON.stringify(resolution));
  const [container] = buildRunJob(resolution.resolved).spec.template.spec.containers;
  const settings = container?.command?.flatMap((word) => {
    const [, name, value] = /^([A-Z_]+)=(.*)$/s.exec(word) ?? [];
    return name === undefined ? [] : [{ name, value, valueFrom: undefined }];
  });
  const env = new Map([...(settings ?? []), ...(container?.env ?? [])].map((each) => [each.name, each]));
  return { args: container?.args, resources: container?.resources, env };
}

describe("a run of a program of its own", () => {
  it("needs no provider, no model and no credential", () => {
    const { args, env, resources } = containerOf(resolved());
    assert.deepEqual(args, ["fix"]);
    assert.equal(env.get("AGENT_CLI")?.value, "make");
    assert.equal(env.get("TMPDIR")?.value, "/tmp");
    for (const name of ["AGENT_MODEL", "AGENT_API_KEY", "AGENT_NPM_PACKAGE"])
      assert.equal(env.has(name), false);
    assert.deepEqual(resources?.limits, { memory: "2Gi" });
  });

  it("takes the namespace's provider for such programs, with its model and credential", () => {
    const config = { metadata: { name: "default" }, spec: { defaultProviders: { custom: "gateway" } } };
    const { args, env } = containerOf(resolved({ args: ["-j2"] }, { config, provider: GATEWAY }));
    assert.deepEqual(args, ["fix", "--verbose", "-j2"]);
    assert.equal(env.get("AGENT_MODEL")?.value, "m-1");
    assert.equal(env.get("OPENAI_BASE_URL")?.value, "http://gateway:4000/v1");
    assert.deepEqual(env.get("AGENT_API_KEY")?.valueFrom, {
      secretKeyRef: { name: "credentials", key: "token" },
    });
    assert.equal(env.get("AGENT_SECRET_NAMES")?.value, "AGENT_API_KEY");
  });

  it("has the credential where its provider wants it", () => {
    const provider = { ...GATEWAY, spec: { ...GATEWAY.spec, authTokenEnv: "OPENAI_API_KEY" } };
    const { env } = containerOf(resolved({ providerRef: "gateway" }, { provider }));
    assert.ok(env.get("OPENAI_API_KEY")?.valueFrom?.secretKeyRef);
    assert.equal(env.has("AGENT_API_KEY"), false);
  });

  it("waits for the provider that it names", () => {
    const resolution = resolved({ providerRef: "gateway" });
    assert.ok("obstacle" in resolution);
    assert.deepEqual([resolution.obstacle.kind, resolution.obstacle.reason], ["waiting", "ProviderNotFound"]);
  });

  it("has no words that the kubelet would expand", () => {
    const { args, env } = containerOf(resolved({ command: ["$(HOME)/run", "$$", "$(date)"] }));
    assert.equal(env.get("AGENT_CLI")?.value, "$$(HOME)/run");
    assert.deepEqual(args, ["$$$$", "$$(date)"]);
  });

  const beyond: Partial<AgentRunSpec>[] = [
    { maxTurns: 3 },
    { systemPrompt: "Be brief." },
    { mcpServers: [{ name: "tracker", url: "https://tracker.example.com/mcp" }] },
  ];
  for (const spec of beyond) {
    it(`is rejected with ${Object.keys(spec).join()}, which nobody would see to`, () => {
      const resolution = resolved(spec);
      assert.ok("obstacle" in resolution);
      assert.deepEqual([resolution.obstacle.kind, resolution.obstacle.reason], ["rejected", "Unsupported"]);
    });
  }
});
