import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Container, EnvVar } from "../../kube/builtin.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { buildRunClaim } from "./run-claim.ts";
import { buildRunJob } from "./run-job.ts";

const base: ResolvedRun = {
  namespace: "team",
  name: "fix-bug",
  uid: "uid-1",
  agent: "claude",
  prompt: "Fix $(HOME) for $$5",
  provider: {
    name: "anthropic",
    environment: {},
    cliArgs: ["--append-system-prompt", "$(X)"],
    token: { variable: "ANTHROPIC_API_KEY", secret: { name: "key", key: "api-key" } },
  },
  repository: {
    url: "https://example.com/r.git",
    branch: "main",
    submodules: false,
    exposeCredentialsToAgent: false,
  },
  mcpServers: [],
  args: [],
  env: [
    { name: "LANG", value: "en_US.UTF-8" },
    { name: "HTTPS_PROXY", value: "http://proxy:3128" },
  ],
  image: "agent:1",
  gitImage: "git:1",
  gitResources: {},
  timeoutSeconds: 1800,
  trustRepositoryConfig: false,
  gitIdentity: { name: "Agent", email: "agent@example.com" },
  storage: { className: "standard", size: "10Gi" },
};

function containers(run: ResolvedRun): { git: Container; agent: Container } {
  const { initContainers, containers: main } = buildRunJob(run).spec.template.spec;
  const [git] = initContainers ?? [];
  const [agent] = main;
  assert(git && agent);
  return { git, agent };
}

/** A variable, or a setting on the command line. */
function valueOf({ env, command = [] }: Container, name: string): EnvVar | undefined {
  const word = command.find((each) => each.startsWith(`${name}=`));
  return word === undefined
    ? env?.find((variable) => variable.name === name)
    : { name, value: word.slice(name.length + 1) };
}

describe("the Job of a run", () => {
  test("never tries twice, and its pod's deadline is the timeout", () => {
    const { metadata, spec } = buildRunJob(base);
    assert.equal(metadata.name, "fix-bug");
    assert.equal(metadata.ownerReferences?.[0]?.uid, "uid-1");
    assert.equal(spec.backoffLimit, 0);
    assert.equal(spec.template.spec.restartPolicy, "Never");
    assert.equal(spec.template.spec.activeDeadlineSeconds, 1800);
    assert.equal(spec.activeDeadlineSeconds, 1890);
    assert.equal(metadata.labels?.["agent.xonovex.com/agent-type"], "claude");
    assert.deepEqual(spec.template.metadata?.labels, metadata.labels);
  });

  test("keeps to Pod Security restricted", () => {
    const pod = buildRunJob(base).spec.template.spec;
    assert.deepEqual(pod.securityContext, {
      runAsUser: 1000,
      runAsGroup: 1000,
      runAsNonRoot: true,
      fsGroup: 1000,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.equal(pod.automountServiceAccountToken, false);
    for (const { securityContext } of [...(pod.initContainers ?? []), ...pod.containers]) {
      assert.equal(securityContext?.allowPrivilegeEscalation, false);
      assert.deepEqual(securityContext?.capabilities, { drop: ["ALL"] });
    }
    assert.equal(pod.initContainers?.[0]?.securityContext?.readOnlyRootFilesystem, true);
  });

  test("a run that asks for uid 0 is not refused by the pod itself", () => {
    const { securityContext } = buildRunJob({ ...base, podSecurityContext: { runAsUser: 0 } }).spec.template
      .spec;
    assert.equal(securityContext?.runAsNonRoot, false);
  });

  test("holds no secret value, and values only as whole words behind a constant script", () => {
    const { agent } = containers(base);
    assert.deepEqual(valueOf(agent, "ANTHROPIC_API_KEY")?.valueFrom, {
      secretKeyRef: { name: "key", key: "api-key" },
    });
    const other = containers({ ...base, prompt: "other", repository: { ...base.repository!, url: "o" } });
    assert.deepEqual(other.agent.command, agent.command);
    assert.deepEqual(agent.command?.slice(0, 2), ["/bin/sh", "/agent-operator/entrypoint.sh"]);
    const [script, ...settings] = other.git.command ?? [];
    assert.equal(script, "/agent-operator/git-clone.sh");
    assert.equal(
      settings.find((word) => word.startsWith("AGENT_REPOSITORY_URL")),
      "AGENT_REPOSITORY_URL=o",
    );
    for (const word of [...settings, ...(agent.command?.slice(2, -1) ?? [])]) assert.match(word, /^[A-Z_]+=/);
  });

  test("the operator's own text survives the kubelet's expansion", () => {
    const { agent, git } = containers(base);
    assert.equal(valueOf(agent, "AGENT_PROMPT")?.value, "Fix $$(HOME) for $$$$5");
    assert.equal(agent.args?.at(-1), "$$(X)");
    for (const text of [...(agent.command ?? []), ...(git.command ?? [])]) {
      assert.doesNotMatch(text.replaceAll("$$", ""), /\$/);
    }
  });

  test("every variable appears once, and the proxy reaches git too", () => {
    const { agent, git } = containers(base);
    for (const { env = [] } of [agent, git]) {
      assert.equal(new Set(env.map(({ name }) => name)).size, env.length);
    }
    assert.equal(valueOf(git, "HTTPS_PROXY")?.value, "http://proxy:3128");
    assert.equal(valueOf(git, "LANG"), undefined);
    assert.equal(valueOf(git, "ANTHROPIC_API_KEY"), undefined);
  });

  test("the user's own values win over the agent's defaults, never over the operator's", () => {
    const env = [
      { name: "DISABLE_AUTOUPDATER", value: "0" },
      { name: "HOME", value: "/elsewhere" },
    ];
    const { agent } = containers({ ...base, env });
    assert.equal(valueOf(agent, "DISABLE_AUTOUPDATER")?.value, "0");
    assert.equal(valueOf(agent, "HOME")?.value, "/home/agent");
  });

  test("the agent works in its worktree when it has one", () => {
    assert.equal(containers(base).agent.workingDir, "/workspace");
    const worktree = { branch: "agent/x" };
    assert.equal(containers({ ...base, worktree }).agent.workingDir, "/workspace-wt/fix-bug");
  });

  test("mounts parts of one claim, what the run started from and what was fetched read only", () => {
    const { agent } = containers(base);
    assert.deepEqual(
      agent.volumeMounts
        ?.filter(({ name }) => name === "workspace")
        .map(({ mountPath, subPath, readOnly = false }) => [mountPath, subPath, readOnly]),
      [
        ["/workspace-store", "store", true],
        ["/workspace", "repo", false],
        ["/workspace-wt", "worktrees", false],
        ["/workspace-run", "runs/fix-bug", false],
        ["/workspace-record", "records/fix-bug", true],
      ],
    );
  });

  test("is light: what it holds is stored, sent and parsed at each change", () => {
    assert.ok(JSON.stringify(buildRunJob(base)).length <= 8 * 1024);
  });
});

describe("git credentials", () => {
  const repository = {
    url: "https://example.com/r.git",
    credentials: { name: "git", key: "token" },
    caBundle: { name: "ca", key: "bundle" },
    submodules: false,
    exposeCredentialsToAgent: false,
  };
  const mounted = (container: Container): boolean =>
    container.volumeMounts?.some(({ name }) => name === "git-credentials") ?? false;

  test("are a file in the git container only", () => {
    const { agent, git } = containers({ ...base, repository });
    assert.equal(git.name, "git-clone");
    assert.equal(mounted(git), true);
    assert.equal(mounted(agent), false);
    assert.equal(valueOf(agent, "AGENT_GIT_CREDENTIALS"), undefined);
  });

  test("reach the agent where the run says so", () => {
    const { agent } = containers({ ...base, repository: { ...repository, exposeCredentialsToAgent: true } });
    assert.equal(mounted(agent), true);
    assert.equal(valueOf(agent, "AGENT_GIT_CREDENTIALS")?.value, "/etc/agent-operator/git-credentials");
  });
});

describe("a run on a workspace", () => {
  const { repository: _, ...withoutRepository } = base;
  const run: ResolvedRun = {
    ...withoutRepository,
    worktree: { branch: "agent-1-work" },
    workspace: {
      name: "my-workspace",
      claimName: "my-workspace-ws",
      repository: base.repository!,
      sharedVolumes: [
        { name: "claude-config", claimName: "my-workspace-claude-config", mountPath: "/root/.claude" },
      ],
      accessMode: "ReadWriteMany",
    },
  };

  test("has the shared volumes below a home of its own", () => {
    const { agent, git } = containers(run);
    assert.equal(git.name, "git-worktree");
    assert.equal(valueOf(agent, "HOME")?.value, "/root");
    const paths = agent.volumeMounts?.map(({ mountPath }) => mountPath) ?? [];
    assert(paths.indexOf("/root") < paths.indexOf("/root/.claude"));
    const [claim] = buildRunJob(run).spec.template.spec.volumes ?? [];
    assert.equal(claim?.persistentVolumeClaim?.claimName, "my-workspace-ws");
  });
});

test("the claim of a standalone run is its own and goes with it", () => {
  const claim = buildRunClaim(base);
  assert.equal(claim.metadata.name, "fix-bug-workspace");
  assert.equal(claim.metadata.ownerReferences?.[0]?.controller, true);
  assert.deepEqual(claim.spec, {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "standard",
    resources: { requests: { storage: "10Gi" } },
  });
});

test("the Job of a run with a queue waits for it, and its pod knows nothing of that", () => {
  const { metadata, spec } = buildRunJob({ ...base, queueName: "team" });
  assert.equal(spec.suspend, true);
  assert.equal(metadata.labels?.["kueue.x-k8s.io/queue-name"], "team");
  assert.equal(spec.template.metadata?.labels?.["kueue.x-k8s.io/queue-name"], undefined);
  assert.equal(buildRunJob(base).spec.suspend, undefined);
});
