import type { Activity } from "../agents/agent.ts";
import { agentOfType } from "../agents/registry.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import { agentRuns, agentWorkspaces } from "../api/resources.ts";
import { watchResource } from "../client/watch.ts";
import type { LocalCluster } from "../local/local-cluster.ts";
import { followToLastWord } from "../follow/follow-run.ts";
import { buildNamespaceObjects, buildWorkspace, buildWorkspaceRun, DEMO_NAMESPACE } from "./manifests.ts";
import type { NamespaceObjects } from "./manifests.ts";
import type { Scenario } from "./model-scenario.ts";
import type { DemoRepository } from "./repository.ts";
import { leaveNote } from "./scenarios.ts";
import { ANY_KEY, applyNamespaceObjects, setStage } from "./stage.ts";
import type { StageOptions } from "./stage.ts";

import { TASKS } from "./workspace-tasks.ts";

/** Two runs of each. */
export const WORKSPACE_AGENTS = ["claude", "opencode"] as const;

const WORKSPACE_NAME = "greeter";

/** How long the workspace may take to list what its last run has left. */
const LISTED_LIMIT_MS = 5_000;

/** What happens with several runs, reported as it happens; `name` is that of the run. */
export interface WorkspaceDemoObserver {
  started(cluster: LocalCluster, repository: DemoRepository): void;
  applied(objects: NamespaceObjects, workspace: AgentWorkspace, runs: readonly AgentRun[]): void;
  changed(name: string, run: AgentRun): void;
  heard(name: string, activity: Activity): void;
  /** All runs have ended. */
  ended(runs: readonly AgentRun[], workspace: AgentWorkspace): Promise<void>;
}

/**
 * Four AgentRuns, two of each agent, at the same time on one AgentWorkspace, each on its own branch;
 * otherwise like `runDemo`. Resolves to the final runs, or to undefined when the signal aborted first.
 */
export async function runWorkspaceDemo(
  options: StageOptions,
  observer: WorkspaceDemoObserver,
): Promise<AgentRun[] | undefined> {
  await using stack = new AsyncDisposableStack();
  const scenario = options.repo === undefined ? scenarioOf : leaveNote;
  const { cluster, repository, modelUrl } = await setStage(options, scenario, stack);
  const { client } = cluster;
  const { signal } = options;
  if (signal.aborted) return undefined;
  observer.started(cluster, repository);

  const objects = buildNamespaceObjects({
    agents: WORKSPACE_AGENTS,
    apiKey: options.live?.key ?? ANY_KEY,
    isLive: options.live !== undefined,
    keyVariable: options.live?.variable,
    modelUrl,
    // Both know it by name and price.
    model: agentOfType("claude").demo?.model,
  });
  const workspace = buildWorkspace(WORKSPACE_NAME, repository);
  const runs = TASKS.map(({ name, agent, prompt }) =>
    buildWorkspaceRun({ name, agent, prompt: options.prompt ?? promptFor(options, prompt) }, WORKSPACE_NAME),
  );
  await applyNamespaceObjects(client, objects);
  await client.create(agentWorkspaces, workspace);
  await Promise.all(runs.map((run) => client.create(agentRuns, run)));
  observer.applied(objects, workspace, runs);

  const final = await Promise.all(
    runs.map(({ metadata: { name = "" } }) =>
      followToLastWord(client, { namespace: DEMO_NAMESPACE, name }, signal, {
        changed: (run) => observer.changed(name, run),
        heard: (activity) => observer.heard(name, activity),
      }),
    ),
  );
  const ended = final.filter((run) => run !== undefined);
  if (ended.length < runs.length) return undefined;
  await observer.ended(ended, await listedWorkspace(cluster, runs.length));
  return ended;
}

function scenarioOf(prompt: string): Scenario {
  return TASKS.find((task) => prompt.includes(task.prompt))?.scenario ?? leaveNote;
}

function promptFor({ repo }: StageOptions, prompt: string): string {
  return repo === undefined ? prompt : "Leave a note in NOTES.md that an agent was here, and commit it.";
}

/** The workspace once it lists that no run is at work any more, or as it is after a time. */
async function listedWorkspace({ client }: LocalCluster, worktrees: number): Promise<AgentWorkspace> {
  const at = { namespace: DEMO_NAMESPACE, name: WORKSPACE_NAME };
  const selected = {
    namespace: at.namespace,
    fieldSelector: `metadata.name=${at.name}`,
    signal: AbortSignal.timeout(LISTED_LIMIT_MS),
  };
  for await (const event of watchResource(client, agentWorkspaces, selected)) {
    if (event.kind !== "upsert") continue;
    const { status } = event.object;
    if (status?.runningRuns === 0 && status.worktreeCount === worktrees) return event.object;
  }
  return client.get(agentWorkspaces, at);
}
