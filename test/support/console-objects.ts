import type { AgentConfig } from "../../src/api/agent-config.ts";
import type { AgentProvider } from "../../src/api/agent-provider.ts";
import type { AgentRun, AgentRunStatus } from "../../src/api/agent-run.ts";
import type { AgentSchedule } from "../../src/api/agent-schedule.ts";
import type { AgentTrigger } from "../../src/api/agent-trigger.ts";
import type { AgentWorkspace } from "../../src/api/agent-workspace.ts";
import {
  agentConfigs,
  agentProviders,
  agentRuns,
  agentSchedules,
  agentTriggers,
  agentWorkspaces,
} from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import type { ResourceType } from "../../src/kube/resources.ts";
import { aRun } from "./objects.ts";

const REPOSITORY = "https://git.example.com/team/shop.git";

/** Creates an object and gives it this status. */
async function put<T extends KubeObject & { status?: unknown }>(
  client: Client,
  type: ResourceType<T>,
  namespace: string,
  object: T,
): Promise<void> {
  const { status, ...rest } = object;
  const name = rest.metadata.name ?? "";
  await client.create(type, { ...rest, metadata: { ...rest.metadata, namespace } } as T);
  if (status !== undefined)
    await client.patch(type, { namespace, name }, { status }, { type: "merge", subresource: "status" });
}

/** What a team might have on an ordinary day; `said` is what agents, repositories and forges wrote, by number. */
export async function fillNamespace(
  client: Client,
  namespace: string,
  now: number,
  said: (index: number) => string = (index) => SAID_AT[index] ?? SAID[index % SAID.length] ?? "",
): Promise<void> {
  const ago = (minutes: number): string =>
    new Date(now - minutes * 60_000).toISOString().replace(/\.\d+Z$/, "Z");
  const condition = (status: "True" | "False", reason: string, message: string) => ({
    type: "Ready",
    status,
    reason,
    message,
    lastTransitionTime: ago(30),
    observedGeneration: 1,
  });
  for (const run of runsOf(ago, said)) await put(client, agentRuns, namespace, run);
  await put<AgentWorkspace>(client, agentWorkspaces, namespace, {
    metadata: { name: "shop" },
    spec: { repository: { url: REPOSITORY } },
    status: {
      phase: "Ready",
      observedGeneration: 1,
      lastFetch: ago(4),
      worktreeCount: 3,
      runningRuns: 1,
      worktrees: ["fix-checkout", "add-search", "long-gone"].map((run, index) => ({
        run,
        path: `/workspace/${run}`,
        branch: said(10 + index),
        head: "4f0e9c1d2b3a4f0e9c1d2b3a4f0e9c1d2b3a4f0e",
        exists: index < 2,
        observedAt: ago(5 + index),
      })),
      conditions: [condition("True", "Ready", "ready")],
    },
  });
  await put<AgentProvider>(client, agentProviders, namespace, {
    metadata: { name: "anthropic" },
    spec: { displayName: "Anthropic", model: "claude-sonnet-4-5", agentTypes: ["claude"], maxRunning: 4 },
    status: { observedGeneration: 1, ready: true, conditions: [condition("True", "Ready", "ready")] },
  });
  await put<AgentProvider>(client, agentProviders, namespace, {
    metadata: { name: "gemini" },
    spec: { model: "gemini-2.5-pro" },
    status: {
      observedGeneration: 1,
      ready: false,
      conditions: [condition("False", "SecretNotFound", said(20))],
    },
  });
  await put<AgentSchedule>(client, agentSchedules, namespace, {
    metadata: { name: "nightly-review" },
    spec: {
      schedule: "30 2 * * *",
      timeZone: "Europe/Berlin",
      runTemplate: { spec: { agent: "claude", prompt: "Review", repository: { url: REPOSITORY } } },
    },
    status: {
      observedGeneration: 1,
      active: [{ name: "nightly-review-29412" }],
      activeCount: 1,
      lastScheduleTime: ago(200),
      nextScheduleTime: ago(-1240),
      lastSuccessfulTime: ago(1640),
      conditions: [condition("True", "Ready", "ready")],
    },
  });
  await put<AgentTrigger>(client, agentTriggers, namespace, {
    metadata: { name: "issues" },
    spec: {
      webhook: { source: "GitHub", secretRef: { name: "hook", key: "secret" } },
      credential: { secretRef: { name: "forge", key: "token" } },
      when: "event.action == 'labeled'",
      runTemplate: { spec: { agent: "claude", prompt: "Solve", repository: { url: REPOSITORY } } },
    },
    status: {
      observedGeneration: 1,
      path: `/hooks/${namespace}/issues`,
      lastDeliveryTime: ago(12),
      lastRun: "issues-7c1f",
      deliveries: [
        { time: ago(12), id: "8f2c-11", reason: "RunCreated", message: said(30), run: "issues-7c1f" },
        { time: ago(95), id: said(31).slice(0, 60), reason: "ActorRefused", message: said(32) },
      ],
      conditions: [condition("True", "Ready", "ready")],
    },
  });
  await put<AgentConfig>(client, agentConfigs, namespace, {
    metadata: { name: "default" },
    spec: {
      defaultProviders: { claude: "anthropic" },
      defaultModel: "claude-sonnet-4-5",
      defaultTimeout: "45m",
      maxRunning: 6,
      defaultResources: { requests: { cpu: "500m", memory: "1Gi" } },
      instructions: { text: said(40) },
    },
  });
}

/** What an ordinary day has in these places; everywhere else is one of the tasks. */
const SAID_AT: Readonly<Record<number, string>> = {
  1: "agent/fix-checkout",
  2: "agent/add-search",
  3: "Secret gemini-key is not there: create it with the key api-key. The run starts by itself once it is",
  4: "all 4 places of AgentProvider anthropic are taken; one run is before this one in the queue",
  5: "npm test ended with exit code 1: 2 of 148 tests failed",
  6: "the agent was at work for longer than its time limit of 1h0m0s",
  7: "All texts of the shop are in German and French now.",
  8: "The total is rounded once, at the end. A test shows it.",
  10: "agent/fix-checkout",
  11: "agent/add-search",
  12: "agent/try-redis",
  20: "Secret gemini-key is not there: create it with the key api-key",
  30: "AgentRun issues-7c1f was created",
  31: "8f2c-09",
  32: "the user visitor may not start runs: its role is read",
  40: "Write tests first. Never change the public API without a note in CHANGELOG.md.",
};

const SAID = [
  "Fix the failing checkout test",
  "Add full-text search to the catalogue",
  "Upgrade the payment client to version 7 and adapt its callers",
  "Write tests for the cart",
  "Replace the deprecated session store",
] as const;

function labelled(labels: Record<string, string>, run: AgentRun): AgentRun {
  return { ...run, metadata: { ...run.metadata, labels } };
}

function runsOf(ago: (minutes: number) => string, said: (index: number) => string): AgentRun[] {
  const at = (
    name: string,
    minutes: number,
    status: Partial<AgentRunStatus>,
    spec: Partial<AgentRun["spec"]> = {},
  ): AgentRun => ({
    ...aRun(name, REPOSITORY, { prompt: said(100 + name.length), ...spec }),
    status: {
      observedGeneration: 1,
      phase: "Pending",
      agent: "claude",
      provider: "anthropic",
      model: "claude-sonnet-4-5",
      ...(status.phase !== "Pending" && { startTime: ago(minutes), startedAt: ago(minutes) }),
      ...status,
    },
  });
  const used = (costUSD: string, input: number) => ({
    usage: { costUSD, tokens: { input, output: input / 10 } },
  });
  const ended = (minutes: number, more: Partial<AgentRunStatus>): Partial<AgentRunStatus> => ({
    phase: "Succeeded",
    reason: "Completed",
    completionTime: ago(minutes),
    ...more,
  });
  const shared = { workspaceRef: "shop" };
  const { repository: _, ...bare } = aRun("any", REPOSITORY).spec;
  const inWorkspace = (name: string, minutes: number, status: Partial<AgentRunStatus>): AgentRun => {
    const run = at(name, minutes, status);
    return {
      ...run,
      spec: { ...bare, prompt: run.spec.prompt ?? "", ...shared, worktree: { branch: name } },
    };
  };
  return [
    inWorkspace("fix-checkout", 6, {
      phase: "Running",
      reason: "AgentRunning",
      branch: said(1),
      podName: "fix-checkout-x",
    }),
    labelled(
      { team: "catalogue" },
      inWorkspace(
        "add-search",
        48,
        ended(31, {
          ...used("0.8421", 182_000),
          branch: said(2),
          verification: { verdict: "Passed" },
          published: {
            commit: "4f0e9c1d2b3a4f0e9c1d2b3a4f0e9c1d2b3a4f0e",
            branch: "add-search",
            time: ago(31),
            pullRequest: { number: 12, url: "https://git.example.com/team/shop/pulls/12" },
          },
        }),
      ),
    ),
    at("upgrade-payment", 3, {
      phase: "Pending",
      reason: "SecretNotFound",
      message: said(3),
      provider: "gemini",
    }),
    at("write-cart-tests", 2, { phase: "Pending", reason: "Queued", message: said(4) }),
    at(
      "replace-session-store",
      130,
      ended(101, {
        phase: "Failed",
        reason: "VerificationFailed",
        message: said(5),
        ...used("1.3702", 240_000),
      }),
    ),
    at(
      "speed-up-import",
      300,
      ended(240, {
        phase: "TimedOut",
        reason: "DeadlineExceeded",
        message: said(6),
        agent: "codex",
        model: "gpt-5",
      }),
    ),
    at(
      "translate-texts",
      420,
      ended(399, {
        ...used("0.2210", 41_000),
        agent: "gemini",
        model: "gemini-2.5-pro",
        provider: "gemini",
        result: { text: said(7) },
      }),
    ),
    at("nightly-review-29412", 200, { phase: "Running", reason: "AgentRunning" }),
    at("issues-7c1f", 12, ended(5, { ...used("0.4410", 90_000), result: { text: said(8) } })),
  ];
}
