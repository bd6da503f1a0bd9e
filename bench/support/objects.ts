import type { AgentProvider } from "../../src/api/agent-provider.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { API_GROUP, API_VERSION } from "../../src/api/group.ts";
import type { Job, Pod, Secret } from "../../src/kube/builtin.ts";

const apiVersion = `${API_GROUP}/${API_VERSION}`;

export const PROVIDER = "bench";

/** What every run of the benchmark refers to; the Secret's value is no credential of anything. */
export const secret: Secret = { metadata: { name: "bench-key" }, stringData: { "api-key": "none" } };

export const provider: AgentProvider = {
  apiVersion,
  kind: "AgentProvider",
  metadata: { name: PROVIDER },
  spec: { agentTypes: ["claude"], authTokenSecretRef: { name: "bench-key", key: "api-key" } },
};

/** A run as in the guide: standalone, with a provider and a prompt of a usual length. */
export function runNamed(name: string): AgentRun {
  const prompt = "Review the code base and suggest improvements. ".repeat(20);
  const repository = { url: "https://git.example.com/org/repo.git", branch: "main" };
  return {
    apiVersion,
    kind: "AgentRun",
    metadata: { name },
    spec: { agent: "claude", providerRef: PROVIDER, repository, prompt, timeout: "30m" },
  };
}

/** What the entrypoint leaves behind: facts of git, and what claude said at its end. */
const TERMINATION_MESSAGE = JSON.stringify({
  type: "agent-operator",
  exitCode: 0,
  git: {
    branch: "main",
    baseCommit: "0123456789abcdef0123456789abcdef01234567",
    headCommit: "89abcdef0123456789abcdef0123456789abcdef",
    commits: 1,
    filesChanged: 2,
    insertions: 10,
    deletions: 3,
    uncommittedChanges: false,
  },
  said: JSON.stringify({
    type: "result",
    subtype: "success",
    is_error: false,
    num_turns: 2,
    result: "Done.",
  }),
});

type Status = NonNullable<Pod["status"]>;

/** The statuses that a kubelet reports of a pod of this Job, one after the other: init, running, succeeded. */
export function podStatuses(spec: Job["spec"]["template"]["spec"], now: string): [Status, Status, Status] {
  const common = { restartCount: 0, imageID: "" };
  const each = (containers: typeof spec.containers | undefined, state: object, ready: boolean) =>
    (containers ?? []).map(({ name, image = "" }) => ({ name, image, ready, state, ...common }));
  const begun = { startedAt: now };
  const done = { terminated: { exitCode: 0, reason: "Completed", startedAt: now, finishedAt: now } };
  const ended = { terminated: { ...done.terminated, message: TERMINATION_MESSAGE } };
  return [
    {
      phase: "Pending",
      startTime: now,
      initContainerStatuses: each(spec.initContainers, { running: begun }, false),
      containerStatuses: each(spec.containers, { waiting: { reason: "PodInitializing" } }, false),
    },
    {
      phase: "Running",
      startTime: now,
      initContainerStatuses: each(spec.initContainers, done, true),
      containerStatuses: each(spec.containers, { running: begun }, true),
    },
    {
      phase: "Succeeded",
      startTime: now,
      initContainerStatuses: each(spec.initContainers, done, true),
      containerStatuses: each(spec.containers, ended, false),
    },
  ];
}
