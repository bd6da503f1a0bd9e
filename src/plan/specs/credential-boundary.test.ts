import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, PodSpec, VolumeMount } from "../../kube/builtin.ts";
import type { ResolvedPublish, ResolvedVerify } from "../resolved-publish.ts";
import type { ResolvedRepository, ResolvedRun } from "../resolved-run.ts";
import { buildPublishJob } from "./publish-job.ts";
import { buildRunJob } from "./run-job.ts";
import { buildVerifyJob } from "./verify-job.ts";
import { buildWorkspaceJob } from "./workspace-job.ts";

// Every pod of a run with everything that a run can mount: what has a git credential sees nothing that an agent, or a
// program of the repository, could have written.

const key = { name: "secret", key: "key" };
const repository: ResolvedRepository = {
  url: "https://example.com/r.git",
  credentials: key,
  caBundle: key,
  submodules: true,
  exposeCredentialsToAgent: false,
};
const volumes = {
  volumes: [
    { name: "data", persistentVolumeClaim: { claimName: "data" } },
    { name: "token", secret: { secretName: "token" } },
    { name: "scratch", emptyDir: {} },
  ],
  mounts: [
    { name: "data", mountPath: "/data" },
    { name: "token", mountPath: "/token" },
    { name: "scratch", mountPath: "/home/agent/.config/pip" },
  ],
};
const caches = [
  {
    name: "npm",
    mountPath: "/home/agent/.cache/npm",
    accessMode: "ReadWriteOnce" as const,
    storage: { size: "1Gi" },
  },
];
const services = [{ name: "db", image: "db", emptyDirs: ["/var/lib/db"] }];
const git = { gitImage: "git:1", gitResources: {}, caBundle: key };
const run: ResolvedRun = {
  ...git,
  namespace: "team",
  name: "fix-bug",
  uid: "uid-1",
  agent: "claude",
  prompt: "do it",
  sharedInstructions: { configMap: key },
  instructions: { configMap: key },
  mcpServers: [],
  skills: [{ name: "notes", configMapRef: { name: "notes" } }],
  args: [],
  env: [],
  setup: { command: ["make"], timeoutSeconds: 60, env: [] },
  services,
  caches,
  volumes,
  repository,
  additional: [
    { ...repository, name: "docs" },
    { ...repository, name: "lib", credentials: undefined },
  ],
  worktree: { branch: "a" },
  image: "agent:1",
  timeoutSeconds: 60,
  keepSession: true,
  trustRepositoryConfig: false,
  gitIdentity: { name: "Agent", email: "agent@example.com" },
  storage: { size: "1Gi" },
};
const { repository: _, additional: __, ...standalone } = run;
const onWorkspace: ResolvedRun = {
  ...standalone,
  workspace: {
    name: "ws",
    claimName: "ws-ws",
    repository,
    sharedVolumes: [{ name: "claude", claimName: "ws-claude", mountPath: "/root/.claude" }],
    accessMode: "ReadWriteMany",
  },
};
const step = { ...git, run: { namespace: "team", name: "fix-bug", uid: "uid-1" }, env: [] };
const verify: ResolvedVerify = {
  ...step,
  step: "verify",
  attempt: "1",
  additional: ["docs", "lib"],
  setup: run.setup,
  services,
  caches,
  volumes,
  command: ["make"],
  image: "agent:1",
  timeoutSeconds: 60,
  network: [],
};
const publish: ResolvedPublish = {
  ...step,
  repository,
  branch: "a",
  isNamed: true,
  protectedPaths: [],
  published: [],
  operatorImage: "operator:1",
};
const workspace = {
  ...git,
  namespace: "team",
  name: "ws",
  uid: "uid-ws",
  accessMode: "ReadWriteMany" as const,
  repository,
  env: [],
  storageSize: "1Gi",
  sharedVolumes: [],
  origin: "",
};

const PODS: Readonly<Record<string, PodSpec>> = Object.fromEntries(
  [
    ["a run", buildRunJob(run)],
    ["a run on a workspace", buildRunJob(onWorkspace)],
    ["a verification", buildVerifyJob(verify)],
    ["a publication", buildPublishJob(publish)],
    ["a workspace", buildWorkspaceJob(workspace)],
  ].map(([name, job]) => [name, (job as ReturnType<typeof buildRunJob>).spec.template.spec]),
);

const containersOf = ({ initContainers = [], containers }: PodSpec): Container[] => [
  ...initContainers,
  ...containers,
];
const mountsOf = ({ volumeMounts = [] }: Container): VolumeMount[] => volumeMounts;
const hasCredential = (container: Container): boolean =>
  mountsOf(container).some(({ name }) => /^git-credentials(-|$)/.test(name));

/** What is the same directory in each pod: a part of a claim, or of a volume of this pod. */
function placeOf(pod: PodSpec, name: string, { name: volume, subPath = "" }: VolumeMount): string {
  const claim = pod.volumes?.find((each) => each.name === volume)?.persistentVolumeClaim?.claimName;
  return claim === undefined ? `${name}: ${volume}/${subPath}` : `claim ${claim}/${subPath}`;
}

/** Where containers write that run others' programs, or work in a checkout that those have written to. */
const written = new Set(
  Object.entries(PODS).flatMap(([name, pod]) =>
    containersOf(pod)
      .filter((container) => !hasCredential(container) && !["authorities", "pack"].includes(container.name))
      .flatMap((container) => mountsOf(container).filter(({ readOnly }) => readOnly !== true))
      .map((mount) => placeOf(pod, name, mount)),
  ),
);

for (const [name, pod] of Object.entries(PODS))
  test(`no container of ${name} has a git credential beside what an agent could have written`, () => {
    const trusted = containersOf(pod).filter(hasCredential);
    assert.equal(trusted.length > 0, name !== "a verification");
    for (const container of trusted) {
      const seen = mountsOf(container).map((mount) => placeOf(pod, name, mount));
      assert.deepEqual(
        seen.filter((place) => written.has(place)),
        [],
        container.name,
      );
      assert.deepEqual(
        mountsOf(container).filter(({ name: volume }) =>
          /^(volume|cache|shared|skill|service)-/.test(volume),
        ),
        [],
      );
    }
  });

for (const name of ["a run", "a run on a workspace", "a verification"])
  test(`a service of ${name} has nothing but its own folders, which no other container has`, () => {
    const pod = PODS[name];
    assert.ok(pod);
    assert.equal(pod.automountServiceAccountToken, false);
    const own = (container: Container) => container.name.startsWith("service-");
    const [service, ...more] = containersOf(pod).filter(own);
    assert.ok(service);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [service.env, service.envFrom, service.securityContext?.allowPrivilegeEscalation],
      [undefined, undefined, false],
    );
    const seen = mountsOf(service).map(({ name: volume }) => volume);
    assert.deepEqual(seen, ["service-db-0"]);
    assert.deepEqual(pod.volumes?.find((volume) => volume.name === seen[0])?.emptyDir, {});
    const others = containersOf(pod).filter((container) => !own(container));
    assert.deepEqual(
      others.flatMap(mountsOf).filter(({ name: volume }) => seen.includes(volume)),
      [],
    );
  });

test("what agents write is known to this test", () => {
  for (const place of [
    "claim fix-bug-workspace/repo",
    "claim fix-bug-workspace/repos/docs",
    "claim ws-ws/worktrees",
    "claim data/",
    "claim cache-npm/",
  ])
    assert.ok(written.has(place), place);
});

for (const [name, pod] of Object.entries(PODS))
  test(`programs of ${name} can write beside what is mounted in their home directory`, () => {
    for (const container of containersOf(pod)) {
      const mounts = mountsOf(container);
      const home = mounts.find(({ name: volume, subPath }) => volume === "home" && subPath === undefined);
      const inside = mounts.filter(({ mountPath }) => mountPath.startsWith(`${home?.mountPath}/`));
      for (const { mountPath } of inside.filter(({ name: volume }) => volume !== "home")) {
        const above = mounts.find((mount) => mount.mountPath === mountPath.replace(/\/[^/]*$/, ""));
        assert.equal(above?.name, "home", `${container.name}: ${mountPath}`);
      }
    }
  });
