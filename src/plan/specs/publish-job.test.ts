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
  operatorImage: "operator:1",
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

  describe("with a pull request", () => {
    const wanted = {
      forge: "GitHub" as const,
      apiURL: "https://api.example.com",
      project: "o/r",
      host: "example.com",
      branch: "b",
      title: "$(HOME)",
      body: "b",
      keepTitle: false,
      keepBody: false,
      draft: true,
      labels: [],
      reviewers: [],
    };
    const buildWith = (pullRequest: ResolvedPublish["pullRequest"]) => {
      const caBundle = { name: "ca", key: "ca.pem" };
      const own = { ...publish, pullRequest, repository: { ...publish.repository, caBundle } };
      const built = buildPublishJob(own).spec;
      const [opener] = built.template.spec.containers;
      return { ...built, opener, pod: built.template.spec };
    };

    it("opens it last, in the operator's image, with nothing that an agent wrote and no handed over commits", () => {
      const { pod, opener, podFailurePolicy } = buildWith(wanted);
      assert.deepEqual(
        [...(pod.initContainers ?? []), ...pod.containers].map(({ name, image }) => [name, image]),
        [
          ["pack", "git:1"],
          ["push", "git:1"],
          ["pull-request", "operator:1"],
        ],
      );
      assert.deepEqual(
        opener?.volumeMounts?.map(({ name, readOnly }) => [name, readOnly]),
        [
          ["pushed", true],
          ["git-credentials", true],
          ["git-ca", true],
        ],
      );
      assert.ok(
        podFailurePolicy?.rules.some(({ onExitCodes }) => onExitCodes?.containerName === "pull-request"),
      );
      const env = Object.fromEntries(opener?.env?.map(({ name, value }) => [name, value]) ?? []);
      assert.equal(env["NODE_EXTRA_CA_CERTS"], "/etc/agent-operator/git-ca/ca.crt");
      assert.deepEqual(
        [env["HTTPS_PROXY"], env["NODE_USE_ENV_PROXY"], env["API_TOKEN"]],
        ["http://proxy", "1", undefined],
      );
      assert.deepEqual(JSON.parse(env["AGENT_PULL_REQUEST"]?.replaceAll("$$", "$") ?? ""), wanted);
    });

    it("gives it its own token, and then not the credential to push with", () => {
      const { pod, opener } = buildWith({ ...wanted, token: { name: "api", key: "t" } });
      assert.ok(!opener?.volumeMounts?.some(({ name }) => name === "git-credentials"));
      assert.ok(
        !pod.initContainers?.some(({ volumeMounts }) =>
          volumeMounts?.some(({ name }) => name === "forge-token"),
        ),
      );
      assert.equal(pod.volumes?.find(({ name }) => name === "forge-token")?.secret?.secretName, "api");
      assert.ok(!JSON.stringify(opener?.env).includes('api"}'), "the reference stays out of the task");
    });
  });
});
