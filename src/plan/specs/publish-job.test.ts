import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ResolvedPublish } from "../resolved-publish.ts";
import { buildPublishJob } from "./publish-job.ts";

const secret = { name: "push", key: "token" };
const publish: ResolvedPublish = {
  run: { namespace: "team", name: "fix-bug", uid: "uid-1" },
  repository: {
    url: "https://example.com/r.git",
    credentials: secret,
    submodules: false,
    exposeCredentialsToAgent: false,
  },
  branch: "agent/fix-bug",
  isNamed: false,
  protectedPaths: [".github/workflows", "$(HOME)"],
  published: ["a".repeat(40)],
  commit: { name: "A", email: "a@example.com", message: "Work $(HOME)", seconds: 1 },
  env: [
    { name: "HTTPS_PROXY", value: "http://proxy" },
    { name: "API_TOKEN", value: "mine" },
  ],
  gitImage: "git:1",
  gitResources: {},
};

describe("the Job that publishes a run", () => {
  const job = buildPublishJob(publish);
  const { initContainers = [], containers, volumes = [] } = job.spec.template.spec;
  const [pack] = initContainers;
  const [push] = containers;

  it("has no container with both the credential and what an agent wrote", () => {
    assert.deepEqual(
      [...initContainers, ...containers].map(({ name }) => name),
      ["pack", "push"],
    );
    const volumesOf = (mounts = pack?.volumeMounts) => mounts?.map(({ name }) => name) ?? [];
    assert.ok(!volumesOf().some((name) => name.startsWith("git-")));
    assert.ok(!volumesOf(push?.volumeMounts).includes("workspace"));
    const secrets = volumes.filter((volume) => volume.secret).map(({ name }) => name);
    assert.deepEqual(secrets, ["git-credentials", "git-known-hosts"]);
    assert.ok(secrets.every((name) => volumesOf(push?.volumeMounts).includes(name)));
  });

  it("only reads the claim, and only reads what is handed over", () => {
    const claimed = pack?.volumeMounts?.filter(({ name }) => name === "workspace") ?? [];
    assert.ok(claimed.length > 0 && claimed.every(({ readOnly }) => readOnly === true));
    const handover = push?.volumeMounts?.find(({ name }) => name === "handover");
    assert.equal(handover?.readOnly, true);
    assert.deepEqual(volumes.find(({ name }) => name === "handover")?.emptyDir, { sizeLimit: "1Gi" });
  });

  it("gives the network's variables to push, and none of the run's others to anyone", () => {
    const names = [...initContainers, ...containers].flatMap(({ env = [] }) => env.map(({ name }) => name));
    assert.ok(push?.env?.some(({ name }) => name === "HTTPS_PROXY"));
    assert.ok(!names.includes("API_TOKEN"));
  });

  it("means every text word for word", () => {
    assert.ok(pack?.command?.includes("AGENT_COMMIT_MESSAGE=Work $$(HOME)"));
    assert.ok(push?.command?.includes("AGENT_PROTECTED_PATHS=.github/workflows\n$$(HOME)"));
  });

  it("has no token of the cluster, and ends at once if another try would change nothing", () => {
    const { spec } = job.spec.template;
    assert.equal(spec.automountServiceAccountToken, false);
    assert.equal(spec.serviceAccountName, undefined);
    assert.equal(spec.securityContext?.runAsNonRoot, true);
    assert.deepEqual(
      job.spec.podFailurePolicy?.rules.map(({ action, onExitCodes }) => [action, onExitCodes?.containerName]),
      [
        ["FailJob", "pack"],
        ["FailJob", "push"],
        ["Ignore", undefined],
      ],
    );
  });
});
