import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { play, type Played } from "../support/replay/play.ts";
import { recordedScenarios } from "../support/recordings.ts";

/** What a run should make of what a real node wrote for its Job. */
interface Expectation {
  /** Phase and reason of each status between JobCreated and the end, and what a message says. */
  via?: [phaseAndReason: string, message?: RegExp][];
  /** Undefined: the run has not ended when the recording does. */
  end?: [phaseAndReason: string, message: RegExp];
  exitCode?: number;
  /** What is removed or changed of the Job or its pod; by default nothing, so that the log stays. */
  interventions?: RegExp[];
}

const RUNNING: [string] = ["Running AgentRunning"];
const ON_ITS_WAY: [string] = ["Initializing JobCreated"];

const SUCCEEDED: Expectation = { via: [RUNNING], end: ["Succeeded Completed", /did its task/], exitCode: 0 };
const OUT_OF_MEMORY: Expectation = {
  via: [RUNNING],
  end: ["Failed OutOfMemory", /used more memory than (?:its|the) limit and was killed/],
};

function failed(exitCode: number): Expectation {
  return { via: [RUNNING], end: ["Failed AgentFailed", new RegExp(`exit code ${exitCode}`)], exitCode };
}

function evicted(by: RegExp): Expectation {
  return { via: [RUNNING], end: ["Failed Evicted", by], exitCode: 143 };
}

function deleted(exitCode?: number): Expectation {
  return { via: [RUNNING], end: ["Failed PodDeleted", /^the pod (?:was deleted|is gone)/], exitCode };
}

function timedOut(exitCode: number, seconds: number): Expectation {
  const message = new RegExp(`timeout of ${seconds}s passed while the agent was at work`);
  return { via: [RUNNING], end: ["TimedOut DeadlineExceeded", message], exitCode };
}

const TOO_EARLY: Expectation["end"] = ["TimedOut DeadlineExceeded", /passed before the agent had started/];
const JOB_GOES = /^DELETE jobs$/;
const PULLING: [string, RegExp] = [
  "Initializing ImagePull",
  /^image registry.invalid\/nosuch:1 of container (?:agent|git-clone): failed to pull and unpack/,
];

const EXPECTED: Readonly<Record<string, Expectation>> = {
  success: SUCCEEDED,
  "exit-3": failed(3),
  "exit-at-once": SUCCEEDED,
  "init-fails": { end: ["Failed CloneFailed", /repository 'https:\/\/example.com\/x.git\/' not found/] },
  // The volume came late: the mount failed first.
  "init-fails-silent": {
    via: [["Initializing PodStarting", /FailedMount/], ON_ITS_WAY],
    end: ["Failed CloneFailed", /container git-clone ended with exit code 1/],
  },
  "oom-main": { ...OUT_OF_MEMORY, exitCode: 137 },
  // A child was killed, and the agent did its task without it.
  "oom-child-exit-0": SUCCEEDED,
  "oom-child-exit-1": { ...OUT_OF_MEMORY, exitCode: 1 },
  "command-missing": {
    end: ["Failed StartError", /agent could not be started.*no\/such\/program/s],
    exitCode: 128,
  },
  "command-missing-init": { end: ["Failed StartError", /container git-clone could not be started/] },
  "workdir-not-allowed": { end: ["Failed StartError", /agent could not be started/], exitCode: 128 },

  "pod-deadline-init-obeys": { end: TOO_EARLY },
  "pod-deadline-init-ignores": { end: TOO_EARLY },
  "pod-deadline-main-obeys": timedOut(143, 6),
  // The node stopped it: what it then ended with is not the agent's verdict.
  "pod-deadline-main-obeys-0": timedOut(0, 6),
  "pod-deadline-main-ignores": timedOut(137, 6),
  "native-sidecar-deadline": timedOut(143, 7),
  "image-missing-deadline": { via: [PULLING], end: TOO_EARLY },
  // Only the Job knows that it was its deadline that removed the pod.
  "job-deadline-obeys": timedOut(143, 300),
  "job-deadline-ignores": timedOut(137, 300),

  "pod-deleted-obeys": deleted(143),
  "pod-deleted-ignores": deleted(137),
  "pod-deleted-during-init": { end: ["Failed PodDeleted", /before the agent had ended/] },
  "pod-deleted-force": deleted(),
  "pod-deleted-pending": {
    end: ["Failed PodDeleted", /the pod was gone before its end was seen/],
  },
  "pod-deleted-finished": SUCCEEDED,
  "job-deleted-foreground": {
    via: [RUNNING],
    end: ["Failed JobDeleted", /Job demo was deleted/],
    exitCode: 143,
  },
  "job-deleted-background": { via: [RUNNING], end: ["Failed JobDeleted", /Job demo was deleted/] },
  "job-deleted-orphan": { via: [RUNNING], end: ["Failed JobDeleted", /Job demo was deleted/] },
  "ttl-2": SUCCEEDED,
  "namespace-deleted": deleted(143),
  "namespace-deleted-ignores": deleted(137),
  "claim-deleted-in-use": SUCCEEDED,
  prestop: deleted(143),
  "prestop-fails": deleted(143),

  evicted: evicted(/EvictionByEvictionAPI/),
  drain: evicted(/EvictionByEvictionAPI/),
  // Refused by a budget: nothing happened.
  "evicted-budget": SUCCEEDED,
  "taint-no-execute": evicted(/DeletionByTaintManager/),
  preempted: evicted(/PreemptionByScheduler/),
  "emptydir-over-limit": evicted(/Usage of EmptyDir volume "big" exceeds/),

  // The recording ends with the deletion of the Job, long before the pull is given up.
  "image-missing-main": { via: [PULLING], end: ["Failed JobDeleted", /Job demo was deleted/] },
  "image-missing-init": { via: [PULLING], end: ["Failed JobDeleted", /Job demo was deleted/] },
  "image-never": { via: [["Initializing ImagePull", /not present with pull policy of Never/]] },
  "image-name-invalid": {
    via: [["Initializing PodStarting", /couldn't parse image name/]],
    end: ["Failed InvalidImage", /couldn't parse image name/],
    interventions: [JOB_GOES],
  },
  "secret-env-missing": {
    via: [
      ["Initializing SecretNotFound", /^container agent: secret "keys" not found$/],
      ["Initializing KeyNotFound", /^container agent: couldn't find key api-key/],
      RUNNING,
    ],
    end: ["Succeeded Completed", /did its task/],
    exitCode: 0,
  },
  "secret-volume-missing": {
    via: [["Initializing SecretNotFound", /FailedMount.*secret "keys" not found/], ON_ITS_WAY, RUNNING],
    end: ["Succeeded Completed", /did its task/],
    exitCode: 0,
  },
  "run-as-nonroot": { via: [["Initializing PodStarting", /^container agent: container has runAsNonRoot/]] },
  // All over before it is worth a word.
  "unschedulable-then-label": SUCCEEDED,
  "claim-missing": SUCCEEDED,
  "claim-wait-for-first-consumer": SUCCEEDED,
  "claim-class-missing": {
    via: [["Initializing ClaimPending", /storageclass.storage.k8s.io "nosuch" not found/]],
  },

  "quota-refuses": {
    via: [["Initializing PodNotCreated", /the pod is forbidden: exceeded quota: q/], ON_ITS_WAY, RUNNING],
    end: ["Succeeded Completed", /did its task/],
    exitCode: 0,
  },
  "service-account-missing": {
    via: [["Initializing PodNotCreated", /serviceaccount "ghost" not found/], ON_ITS_WAY, RUNNING],
    end: ["Succeeded Completed", /did its task/],
    exitCode: 0,
  },
  "limitrange-refuses": {
    via: [["Initializing PodNotCreated", /the pod is forbidden: \[maximum memory usage/]],
  },
  "limitrange-defaults": SUCCEEDED,

  "native-sidecar-ends-0": SUCCEEDED,
  "native-sidecar-ends-143": SUCCEEDED,
  "native-sidecar-ignores": SUCCEEDED,
  "native-sidecar-crashes": SUCCEEDED,
  // Its sidecar would run on for ever: the pod is stopped as at its deadline, its log kept.
  "classic-sidecar": { ...SUCCEEDED, interventions: [/^PATCH pods .*"activeDeadlineSeconds":7\}/] },
  "classic-sidecar-agent-fails": {
    ...failed(3),
    interventions: [/^PATCH pods .*"activeDeadlineSeconds":6\}/],
  },
  "readiness-probe": SUCCEEDED,

  "message-too-long": {
    via: [["Initializing PodStarting", /FailedMount/], ON_ITS_WAY, RUNNING],
    end: ["Succeeded Completed", /did its task/],
    exitCode: 0,
  },
  "message-from-log": failed(1),
  "log-5mb": SUCCEEDED,
  "log-30mb": SUCCEEDED,

  // Resumed before it is worth a word.
  "suspended-resumed": SUCCEEDED,
  "suspended-while-running": {
    via: [RUNNING, ["Initializing Queued", /Job demo is suspended/], ON_ITS_WAY, RUNNING],
  },
  "pod-failure-policy": failed(64),
  // A Job that is not as we make it starts another pod: nothing of a finished run goes on.
  "pod-failure-policy-ignore": { ...evicted(/EvictionByEvictionAPI/), interventions: [JOB_GOES] },
  "backoff-limit-2": { ...failed(1), interventions: [JOB_GOES] },
  "restart-on-failure": { ...failed(1), interventions: [JOB_GOES] },

  "kubelet-restarted": SUCCEEDED,
  "kubelet-down-at-end": failed(3),
  "containerd-restarted": SUCCEEDED,
  "apiserver-restarted": SUCCEEDED,
  "node-not-ready": evicted(/DeletionByTaintManager/),
  "node-not-ready-comes-back": SUCCEEDED,
  "node-not-ready-alone": evicted(/DeletionByTaintManager/),
  "node-not-ready-alone-kept": SUCCEEDED,
};

describe("a run, shown what a real node wrote", { timeout: 300_000 }, () => {
  it("has an expectation for every recorded scenario", () => {
    assert.deepEqual(Object.keys(EXPECTED).toSorted(), recordedScenarios());
  });

  for (const [scenario, expected] of Object.entries(EXPECTED)) {
    it(`of ${scenario}`, async () => check(await play(scenario), expected));
  }
});

function check({ run, statuses, interventions, events }: Played, expected: Expectation): void {
  const { via = [], end, exitCode } = expected;
  const wanted = [ON_ITS_WAY, ...via, ...(end ? [end] : [])] as [string, RegExp?][];
  const written = statuses.map(({ status }) => `${status.phase} ${status.reason}`);
  // Each status is written once: none flaps, none is written again with other words.
  assert.deepEqual(
    written,
    wanted.map(([phaseAndReason]) => phaseAndReason),
  );
  for (const [index, [, message]] of wanted.entries()) {
    if (message) assert.match(statuses[index]?.status.message ?? "", message);
  }
  const told = new Set(statuses.map(({ status }) => `${status.reason}: ${status.message}`.slice(0, 200)));
  assert.deepEqual(new Set(events.map((event) => event.slice(0, 200))), told);
  assert.equal(events.length, told.size);
  assert.equal(run?.status?.exitCode, exitCode);
  const wantedInterventions = expected.interventions ?? [];
  const what = interventions.map((each) => each.what);
  assert.equal(what.length, wantedInterventions.length, what.join("\n"));
  for (const [index, pattern] of wantedInterventions.entries()) assert.match(what[index] ?? "", pattern);
}
