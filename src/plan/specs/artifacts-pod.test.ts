import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentRun } from "../../api/agent-run.ts";
import { ARTIFACTS, buildArtifactsPod } from "./artifacts-pod.ts";
import { gitResources } from "./git-resources.ts";
import { buildRunJob } from "./run-job.ts";

test("the pod that fetches what a run has left has no Secret, and can write nothing of the claim", () => {
  const secret = { name: "key", key: "key" };
  const run: AgentRun = {
    apiVersion: "agent.xonovex.com/v1alpha1",
    kind: "AgentRun",
    metadata: { name: "fix-bug", namespace: "default", uid: "uid" },
    spec: { promptFrom: { secretKeyRef: { name: "task", key: "text" } } },
  };
  const job = buildRunJob({
    namespace: "default",
    name: "fix-bug",
    uid: "uid",
    agent: "claude",
    promptFrom: { secret: { name: "task", key: "text" } },
    mcpServers: [],
    args: [],
    env: [{ name: "MINE", valueFrom: { secretKeyRef: secret } }],
    image: "agent",
    gitImage: "git",
    gitResources: gitResources(),
    timeoutSeconds: 60,
    trustRepositoryConfig: false,
    gitIdentity: { name: "Agent", email: "agent@example.com" },
    storage: { size: "1Gi" },
    provider: {
      name: "p",
      environment: {},
      cliArgs: [],
      token: { variable: "ANTHROPIC_API_KEY", secret },
    },
    repository: {
      url: "https://example.com/repo.git",
      credentials: { name: "git", key: "token" },
      submodules: false,
      exposeCredentialsToAgent: true,
    },
  });
  assert.match(JSON.stringify(job), /secretKeyRef/);
  const pod = buildArtifactsPod({ run, job, podName: "p", gitImage: "git", wanted: ARTIFACTS });
  assert.doesNotMatch(JSON.stringify(pod), /secretKeyRef|secretName|"secret"/);
  const [container] = pod.spec.containers;
  assert.deepEqual(
    container?.volumeMounts?.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name),
    ["tmp"],
  );
});
