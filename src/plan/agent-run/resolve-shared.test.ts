import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRunSpec } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { buildRunJob } from "../specs/run-job.ts";
import type { References } from "./observed.ts";
import { resolveRun, type Resolution } from "./resolve.ts";

/** A run with gemini on a workspace that shares a volume at this path. */
function resolved(
  mountPath: string,
  spec: Partial<AgentRunSpec> = {},
  more: Partial<References> = {},
): Resolution {
  const repository = { url: "https://example.com/repo.git" };
  const workspace: AgentWorkspace = {
    metadata: { name: "ws", namespace: "team" },
    spec: { repository, sharedVolumes: [{ name: "config", mountPath }] },
    status: { phase: "Ready" },
  };
  return resolveRun({
    run: {
      metadata: { name: "demo", namespace: "team", uid: "run-uid" },
      spec: {
        agent: "gemini",
        workspaceRef: "ws",
        prompt: "Fix it",
        provider: { name: "google", authSecretRef: { name: "google", key: "api-key" } },
        ...spec,
      },
    },
    references: {
      workspace: spec.repository ? undefined : workspace,
      secrets: new Map([["google", ["api-key"]]]),
      ...more,
    },
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    now: 0,
  });
}

describe("a directory that an agent has to have for itself", () => {
  it("is never on a volume that runs share: such a run is rejected", () => {
    const resolution = resolved("/root/.gemini");
    assert.ok("obstacle" in resolution);
    assert.equal(resolution.obstacle.reason, "Unsupported");
    assert.match(
      resolution.obstacle.message,
      /^gemini keeps what is this run's alone in \/root\/\.gemini, where AgentWorkspace ws has a shared volume/,
    );
  });

  it("does not mind other volumes", () => {
    for (const mountPath of ["/root/.claude", "/root/.gemini/skills", "/root/.gemini-cache"]) {
      assert.ok("resolved" in resolved(mountPath), mountPath);
    }
  });
});

describe("skills on a workspace that shares the agent's own folder for them", () => {
  const skills = [{ name: "notes", configMapRef: { name: "notes" } }];

  it("are refused, unless the agent reads them somewhere else too", () => {
    const resolution = resolved("/root/.agents", { agent: "codex", skills });
    assert.ok("obstacle" in resolution);
    assert.match(
      resolution.obstacle.message,
      /^codex looks for skills in \/root\/\.agents\/skills, where AgentWorkspace ws has a shared volume/,
    );
    const plugin = resolved("/root/.claude", { agent: "claude", skills });
    assert.ok("resolved" in plugin);
    const [container] = buildRunJob(plugin.resolved).spec.template.spec.containers;
    const { args = [], command = [] } = container ?? {};
    assert.equal(args[args.indexOf("--plugin-dir") + 1], "/etc/agent-operator/plugin");
    assert.ok(!command.some((word) => word.startsWith("AGENT_SKILLS")));
  });

  it("need nothing of the kind elsewhere", () => {
    const resolution = resolved("/root/.codex", { agent: "codex", skills });
    assert.ok("resolved" in resolution);
  });
});

describe("mounts of several fields in one pod", () => {
  const repository = { url: "https://example.com/repo.git" };
  const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }];
  const volumeMounts = [{ name: "data", mountPath: "/data/a" }];
  const messageOf = (resolution: Resolution): string =>
    "obstacle" in resolution ? resolution.obstacle.message : "";

  it("are apart", () => {
    const caches = [{ name: "npm", mountPath: "/data" }];
    assert.match(
      messageOf(resolved("/root/.claude", { volumes, volumeMounts, caches })),
      /^volume data would be mounted at \/data\/a, in cache npm at \/data/,
    );
    assert.match(
      messageOf(resolved("/data", { volumes, volumeMounts })),
      /^volume data would be mounted at \/data\/a, in shared volume config at \/data/,
    );
  });

  it("bring no claim that others write before a git credential", () => {
    const exposed = { ...repository, exposeCredentialsToAgent: true };
    const standalone = { volumes, volumeMounts, workspaceRef: undefined, repository: exposed };
    assert.match(
      messageOf(resolved("/data", standalone)),
      /^the run mounts a claim, which other pods can write/,
    );
  });

  it("have a token only of a ServiceAccount that the run names", () => {
    const token = [{ name: "cloud", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }];
    assert.match(
      messageOf(resolved("/x", { volumes: token })),
      /has a token of a ServiceAccount, and the run has none/,
    );
    assert.ok("resolved" in resolved("/x", { volumes: token, serviceAccountName: "cloud" }));
  });

  it("are no claim that the operator has made", () => {
    const references = { claims: new Map([["data", "own" as const]]) };
    assert.match(
      messageOf(resolved("/x", { volumes, volumeMounts }, references)),
      /^the claim data is one that the operator has made/,
    );
    assert.ok(
      "resolved" in resolved("/x", { volumes, volumeMounts }, { claims: new Map([["data", "users"]]) }),
    );
  });
});
