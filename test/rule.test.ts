import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Container, PodSpec } from "../src/kube/builtin.ts";
import type { ResolvedRepository, ResolvedRun } from "../src/plan/resolved-run.ts";
import { buildArtifactsPod } from "../src/plan/specs/artifacts-pod.ts";
import { buildCleanupJob } from "../src/plan/specs/cleanup-job.ts";
import { networkEnv } from "../src/plan/specs/env.ts";
import { gitResources } from "../src/plan/specs/git-resources.ts";
import { buildPublishJob } from "../src/plan/specs/publish-job.ts";
import { buildRunJob } from "../src/plan/specs/run-job.ts";
import { buildVerifyJob } from "../src/plan/specs/verify-job.ts";
import { buildWorkspaceJob } from "../src/plan/specs/workspace-job.ts";
import { readProjectFiles } from "./support/project-files.ts";

// The rule: no container with a git credential mounts anything that an agent could have written, and the key of the
// provider is only in `agent`. It is judged by what the pods mount, with no list of bad names.

const GIT_SECRET = "git-secret";
const APP_SECRET = "app-secret";
const TASK = { project: "o/r", host: "example.com", permissions: { contents: "read" as const } };
const PROVIDER_SECRET = "provider-secret";

const plain: ResolvedRepository = {
  url: "https://example.com/r.git",
  submodules: true,
  exposeCredentialsToAgent: false,
};
const repositories: [name: string, repository: ResolvedRepository][] = [
  ["without credentials", plain],
  ["with a CA", { ...plain, caBundle: { name: "ca", key: "ca.crt" } }],
  ["with credentials", { ...plain, credentials: { name: GIT_SECRET, key: "token" } }],
  [
    "with everything",
    {
      ...plain,
      branch: "main",
      caBundle: { name: "ca", key: "ca.crt" },
      credentials: { name: GIT_SECRET, key: "token" },
    },
  ],
  ["with a GitHub App", { ...plain, githubApp: { secret: APP_SECRET, image: "operator:1", task: TASK } }],
  [
    "with exposed credentials",
    {
      ...plain,
      credentials: { name: GIT_SECRET, key: "token" },
      exposeCredentialsToAgent: true,
    },
  ],
];

const base: ResolvedRun = {
  namespace: "team",
  name: "fix-bug",
  uid: "uid-1",
  agent: "claude",
  promptFrom: { secret: { name: "prompt-secret", key: "prompt" } },
  instructions: { configMap: { name: "instructions", key: "text" } },
  provider: {
    name: "anthropic",
    environment: {},
    cliArgs: [],
    token: { variable: "ANTHROPIC_API_KEY", secret: { name: PROVIDER_SECRET, key: "key" } },
  },
  mcpServers: [],
  args: [],
  env: [
    { name: "HTTPS_PROXY", value: "http://$(GIT_TRACE_CURL)" },
    { name: "GIT_TRACE_CURL", value: "/workspace-run/trace" },
    { name: "GIT_TRACE_REDACT", value: "0" },
    { name: "GIT_SSL_CAINFO", value: "/workspace/ca.crt" },
    { name: "LD_PRELOAD", value: "/workspace/evil.so" },
    { name: "NO_PROXY", value: "$(GIT_TRACE_REDACT)$(LD_PRELOAD)" },
    { name: "http_proxy", value: "x" },
  ],
  image: "agent:1",
  gitImage: "git:1",
  gitResources: gitResources(),
  timeoutSeconds: 60,
  keepSession: true,
  setup: { command: ["npm", "ci"], timeoutSeconds: 60, env: [] },
  caches: [
    { name: "npm", mountPath: "/home/agent/.npm", accessMode: "ReadWriteOnce", storage: { size: "1Gi" } },
  ],
  services: [{ name: "db", image: "postgres:17", ports: [5432], emptyDirs: ["/var/lib/postgresql"] }],
  trustRepositoryConfig: false,
  gitIdentity: { name: "Agent", email: "agent@example.com" },
  storage: { size: "1Gi" },
  serviceAccountName: "account",
};

/** One like the run's own, whose credential is another's, and one without any. */
function additionalOf({ credentials, ...repository }: ResolvedRepository): ResolvedRun["additional"] {
  return [
    {
      ...repository,
      name: "docs",
      exposeCredentialsToAgent: false,
      ...(credentials && { credentials: { name: GIT_SECRET, key: "docs" } }),
    },
    { ...plain, name: "open" },
  ];
}

function runsOf(repository: ResolvedRepository): [name: string, run: ResolvedRun][] {
  const workspace = {
    name: "ws",
    claimName: "ws-ws",
    repository,
    sharedVolumes: [{ name: "config", claimName: "ws-config", mountPath: "/root/.claude" }],
    accessMode: "ReadWriteMany" as const,
  };
  return [
    ["standalone", { ...base, repository }],
    ["in a worktree", { ...base, repository, worktree: { branch: "a", sourceBranch: "b" } }],
    ["with additional repositories", { ...base, repository, additional: additionalOf(repository) }],
    ["a further attempt", { ...base, repository, resumeSession: "s" }],
    [
      "that continues another",
      { ...base, repository, place: { name: "first", uid: "u0" }, leftBy: "second" },
    ],
    [
      "that continues another on a workspace",
      {
        ...base,
        workspace,
        worktree: { branch: "a" },
        place: { name: "first", uid: "u0" },
        leftBy: "second",
      },
    ],
    ["on a workspace", { ...base, workspace, worktree: { branch: "a", releasedBy: ["x"] } }],
  ];
}

function jobsOf(repository: ResolvedRepository): [name: string, pod: PodSpec][] {
  const init = buildWorkspaceJob({
    namespace: "team",
    name: "ws",
    uid: "uid-ws",
    repository,
    storageSize: "1Gi",
    accessMode: "ReadWriteMany",
    sharedVolumes: [],
    env: base.env,
    gitImage: "git:1",
    gitResources: gitResources(),
    origin: "",
  });
  const cleanup = buildCleanupJob({
    run: { name: "fix-bug", uid: "uid-1" },
    workspace: { namespace: "team", name: "ws", uid: "uid-ws", accessMode: "ReadWriteMany" },
    force: true,
    gitImage: "git:1",
    gitResources: gitResources(),
  });
  const verify = (caches: ResolvedRun["caches"], additional?: string[]) =>
    buildVerifyJob({
      run: base,
      step: "verify",
      attempt: "1",
      command: ["make"],
      image: "agent:1",
      timeoutSeconds: 60,
      env: [],
      network: networkEnv(base.env, repository),
      setup: base.setup,
      services: base.services,
      caches,
      additional,
      gitImage: "git:1",
      gitResources: gitResources(),
    });
  const continued = buildVerifyJob({
    run: base,
    place: { name: "first", uid: "u0" },
    step: "verify",
    attempt: "1",
    command: ["make"],
    image: "agent:1",
    timeoutSeconds: 60,
    env: [],
    network: [],
    gitImage: "git:1",
    gitResources: gitResources(),
  });
  const publishing = {
    run: base,
    repository: repository.githubApp
      ? repository
      : { ...repository, credentials: { name: GIT_SECRET, key: "token" } },
    branch: "agent/fix-bug",
    isNamed: false,
    protectedPaths: ["x"],
    published: ["c".repeat(40)],
    operatorImage: "operator:1",
    commit: { name: "A", email: "a@example.com", message: "m", seconds: 1 },
    env: base.env,
    gitImage: "git:1",
    gitResources: gitResources(),
  };
  const publish = buildPublishJob(publishing);
  const pullRequest = {
    forge: "GitHub" as const,
    apiURL: "https://api.github.com",
    project: "o/r",
    host: "github.com",
    branch: "b",
    title: "t",
    body: "b",
    keepTitle: false,
    keepBody: false,
    draft: true,
    labels: [],
    reviewers: [],
  };
  const opening = buildPublishJob({ ...publishing, pullRequest });
  const publishOfContinued = buildPublishJob({ ...publishing, place: { name: "first", uid: "u0" } });
  return [
    ...runsOf(repository).map(([name, run]): [string, PodSpec] => [
      `run ${name}`,
      buildRunJob(run).spec.template.spec,
    ]),
    ["workspace", init.spec.template.spec],
    ["cleanup", cleanup.spec.template.spec],
    ["publish", publish.spec.template.spec],
    ["publish with a pull request", opening.spec.template.spec],
    ["verify", verify([]).spec.template.spec],
    ["verify with additional repositories", verify([], ["docs"]).spec.template.spec],
    ["cached verify", verify(base.caches).spec.template.spec],
    ["verify of continued work", continued.spec.template.spec],
    ["publish of continued work", publishOfContinued.spec.template.spec],
  ];
}

/** Every container of every pod, with the volumes of its pod. */
const pods = repositories.flatMap(([which, repository]) =>
  jobsOf(repository).map(([name, pod]): [string, ResolvedRepository, PodSpec] => [
    `${name} ${which}`,
    repository,
    pod,
  ]),
);

function containersOf({ initContainers = [], containers }: PodSpec): Container[] {
  return [...initContainers, ...containers];
}

/** The places of a container's mounts, as `volume/subPath`, that it may write or only read. */
function placesOf({ volumeMounts = [] }: Container, which: "all" | "writable"): string[] {
  return volumeMounts
    .filter(({ readOnly }) => which === "all" || readOnly !== true)
    .map(({ name, subPath = "" }) => `${name}/${subPath}`);
}

function secretsOf(pod: PodSpec, container: Container): Set<string> {
  const mounted = new Set(container.volumeMounts?.map(({ name }) => name));
  const files = (pod.volumes ?? []).filter(({ name }) => mounted.has(name));
  const given = new Set(
    [
      ...files.map(({ secret }) => secret?.secretName),
      ...(container.env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
    ].filter((name) => name !== undefined),
  );
  // The token of an App is a credential wherever it is handed over.
  const hasApp = ["", "-docs"].some(
    (which) =>
      pod.volumes?.some(({ name }) => name === `github-app${which}`) === true &&
      mounted.has(`git-credentials${which}`),
  );
  return hasApp ? given.add(GIT_SECRET) : given;
}

/** Whether one place is the other or holds it. */
function overlap(a: string, b: string): boolean {
  const within = (inner: string, outer: string): boolean =>
    `${inner}/`.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
  return within(a, b) || within(b, a);
}

/** The one exception: what a container that has ended hands over, if it is only read. */
function handedOverTo(container: Container): string | undefined {
  return placesOf(container, "writable").includes("handover/") ? undefined : "handover/";
}

/** The containers that run what an agent or a repository's authors have written. */
const HOSTILE: ReadonlySet<string> = new Set(["agent", "setup", "verify", "service-db"]);

/** What they write, and what is written by those who have an agent's files before them. */
const tainted = new Set<string>();
for (let size = -1; size !== tainted.size;) {
  size = tainted.size;
  for (const [, , pod] of pods) {
    for (const container of containersOf(pod)) {
      const reads = placesOf(container, "all").filter((place) => place !== handedOverTo(container));
      if (!HOSTILE.has(container.name) && !reads.some((place) => [...tainted].some((t) => overlap(place, t))))
        continue;
      for (const place of placesOf(container, "writable")) tainted.add(place);
    }
  }
}

/** The pod that reads artifacts; it mounts what the Job of its run did. */
function artifactsPodOf(run: ResolvedRun): PodSpec {
  return buildArtifactsPod({
    run: {
      apiVersion: "agent.xonovex.com/v1alpha1",
      kind: "AgentRun",
      metadata: { name: run.name, namespace: "team", uid: run.uid },
      spec: {
        prompt: "x",
        ...(run.additional && {
          additionalRepositories: run.additional.map(({ name, url }) => ({ name, url })),
        }),
      },
    },
    job: buildRunJob(run),
    podName: "p",
    gitImage: "git:1",
    wanted: ["patch", "log"],
  }).spec;
}

describe("the rule", () => {
  test("is tested on pods that have what it is about", () => {
    assert.ok(tainted.has("workspace/repo") && tainted.has("git-tmp/"));
    assert.ok(!tainted.has("workspace/store") && !tainted.has("fetch-tmp/"));
    const holders = pods.flatMap(([, , pod]) =>
      containersOf(pod).filter((container) => secretsOf(pod, container).has(GIT_SECRET)),
    );
    assert.deepEqual([...new Set(holders.map(({ name }) => name))].toSorted(), [
      "agent",
      "git-clone",
      "git-fetch",
      "pull-request",
      "push",
      "repo-clone-docs",
      "repo-token-docs",
      "token",
    ]);
  });

  test("gives the key of a GitHub App to the one container that asks for a token, which has nothing else", () => {
    for (const [name, , pod] of pods) {
      for (const container of containersOf(pod).filter((each) => secretsOf(pod, each).has(APP_SECRET))) {
        const which = container.name === "token" ? "" : "-docs";
        assert.equal(container.name, which === "" ? "token" : "repo-token-docs", name);
        const places = [`github-app${which}/`, `git-credentials${which}/`];
        assert.deepEqual(placesOf(container, "all"), places, name);
      }
    }
  });

  for (const [name, repository, pod] of pods) {
    test(`holds for the pod of a ${name}`, () => {
      for (const container of containersOf(pod)) {
        const secrets = secretsOf(pod, container);
        const exception = container.name === "agent" && repository.exposeCredentialsToAgent;
        if (secrets.has(GIT_SECRET) && !exception) {
          const hit = placesOf(container, "all").filter(
            (place) => place !== handedOverTo(container) && [...tainted].some((t) => overlap(place, t)),
          );
          assert.deepEqual(hit, [], `${container.name} has a credential and an agent's files`);
        }
        if (container.name !== "agent") assert.ok(!secrets.has(PROVIDER_SECRET), container.name);
      }
    });

    test(`lets no variable of a user's but the network's into git's containers, in the pod of a ${name}`, () => {
      const users = new Set(base.env.map((variable) => variable.name));
      const network =
        /^(https?_proxy|no_proxy|all_proxy|GIT_SSL_(CAINFO|CAPATH|NO_VERIFY)|SSL_CERT_(FILE|DIR))$/i;
      for (const container of containersOf(pod)) {
        if (HOSTILE.has(container.name)) continue;
        const names = (container.env ?? []).map((variable) => variable.name);
        assert.deepEqual(
          names.filter((each) => users.has(each) && !network.test(each)),
          [],
        );
        // What only has the checkout asks nobody.
        if (/checkout|cleanup|pack|snapshot/.test(container.name))
          assert.ok(!names.some((each) => network.test(each)));
      }
    });
  }

  test("gives no container the credentials of two repositories", () => {
    const all = pods.filter(([name]) => name.startsWith("run with additional repositories"));
    assert.equal(all.length, repositories.length);
    for (const [name, , pod] of all)
      for (const container of containersOf(pod)) {
        const credentials = placesOf(container, "all").filter((place) => place.startsWith("git-credentials"));
        assert.ok(credentials.length < 2, `${container.name} of ${name}`);
        if (/open/.test(container.name)) assert.deepEqual(credentials, []);
        const stores = placesOf(container, "writable").filter((place) => place.startsWith("workspace/store"));
        assert.ok(stores.length < 2, `${container.name} of ${name}`);
      }
  });

  test("holds for the pod that reads artifacts: no git credential, and it can only read", () => {
    for (const [, repository] of repositories) {
      for (const [, run] of runsOf(repository)) {
        const spec = artifactsPodOf(run);
        for (const container of containersOf(spec)) {
          assert.ok(!secretsOf(spec, container).has(GIT_SECRET));
          assert.deepEqual(placesOf(container, "writable"), ["tmp/"]);
        }
      }
    }
  });
});

/** What the table of docs/guide/security.md says of a container: its pod, its name, then three cells. */
function rowsOfGuide(): string[][] {
  const [guide] = readProjectFiles(["docs/guide"], "security.md");
  const section = guide?.text.split("## Where each credential is")[1]?.split("\n\n")[1] ?? "";
  return section
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** The same of every container that is built, in the words of that table. */
function rowsOfPods(): Set<string> {
  const rows = new Set<string>();
  const add = (where: string, pod: PodSpec, isExposed: boolean): void => {
    const all = containersOf(pod);
    // What the agent of another pod has in an emptyDir of that name is gone with it.
    const isGone = (place: string): boolean =>
      !all.some(({ name }) => name === "agent") &&
      (pod.volumes ?? []).some(({ name, emptyDir }) => emptyDir && place.startsWith(`${name}/`));
    const isTainted = (place: string): boolean =>
      !isGone(place) && [...tainted].some((t) => overlap(place, t));
    const hasCredential = all.some((container) => secretsOf(pod, container).has(GIT_SECRET));
    for (const container of all) {
      // The guide has the one that may have a credential.
      if (container.name === "repo-clone-open") continue;
      const secrets = secretsOf(pod, container);
      const isAgent = container.name === "agent";
      const which =
        HOSTILE.has(container.name) || !/^<(run|workspace-init)>$/.test(where)
          ? where
          : `${where} ${hasCredential}`;
      const credential = secrets.has(GIT_SECRET)
        ? isAgent && isExposed
          ? "exposed"
          : "yes"
        : isAgent
          ? "exposed"
          : "no";
      const seen = placesOf(container, "all").filter(isTainted);
      const writes = placesOf(container, "writable").some(isTainted);
      const mounts = seen.length === 0 ? "no" : writes ? "yes" : "read-only";
      rows.add(
        [which, container.name, secrets.has(PROVIDER_SECRET) ? "yes" : "no", credential, mounts].join(" | "),
      );
    }
  };
  for (const [name, repository, pod] of pods) {
    // Its caches are told below the table.
    if (name.startsWith("cached ")) continue;
    const where = name.startsWith("workspace ")
      ? "<workspace-init>"
      : name.startsWith("cleanup ")
        ? "<cleanup>"
        : name.startsWith("publish ")
          ? "<publish>"
          : name.startsWith("verify ")
            ? "<verify>"
            : "<run>";
    add(where, pod, repository.exposeCredentialsToAgent);
  }
  for (const [, repository] of repositories)
    for (const [, run] of runsOf(repository)) add("<artifacts>", artifactsPodOf(run), false);
  return rows;
}

test("the guide's table of credentials is what the pods say, line by line", () => {
  const told = rowsOfGuide().flatMap(
    ([pod = "", containers = "", key = "", credential = "", mounts = ""]) => {
      const place = `<${(/`<(run|workspace)>(-\w+)?`/.exec(pod)?.slice(1) ?? []).filter(Boolean).join("")}>`;
      const where =
        {
          "<run-cleanup>": "<cleanup>",
          "<run-verify>": "<verify>",
          "<run-publish>": "<publish>",
          "<run-artifacts>": "<artifacts>",
        }[place] ?? place;
      const names = [...containers.matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name);
      const has = /, without/.test(pod) ? " false" : /, with a git credential/.test(pod) ? " true" : "";
      const git = /^(there is none|no)$/.test(credential)
        ? "no"
        : credential.startsWith("only with `expose")
          ? "exposed"
          : credential;
      const seen = mounts.startsWith("no:")
        ? "no"
        : /read-only/.test(mounts)
          ? "read-only"
          : mounts.replace(/:.*/, "");
      return names.map((name) => [where + has, name, key.replace(/,.*/, ""), git, seen].join(" | "));
    },
  );
  assert.deepEqual(told.toSorted(), [...rowsOfPods()].toSorted());
});
