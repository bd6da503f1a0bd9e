import type { Activity } from "../agents/agent.ts";
import { agentOfType } from "../agents/registry.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { AgentType } from "../api/agent-types.ts";
import { agentRuns } from "../api/resources.ts";
import type { LocalCluster } from "../local/local-cluster.ts";
import { followToLastWord } from "../follow/follow-run.ts";
import { secrets, type Secret } from "../kube/builtin.ts";
import type { DemoPullRequest } from "./demo-forge.ts";
import {
  buildForgeSecret,
  buildNamespaceObjects,
  buildPublishedRun,
  buildRun,
  DEMO_NAMESPACE,
} from "./manifests.ts";
import type { NamespaceObjects } from "./manifests.ts";
import { readPatch } from "./patch.ts";
import type { DemoRepository } from "./repository.ts";
import { fixGreeting, fixGreetingTwice, leaveNote } from "./scenarios.ts";
import { ANY_KEY, applyNamespaceObjects, FORGE_TOKEN, setStage } from "./stage.ts";
import type { StageOptions } from "./stage.ts";

const RUN_NAME = "demo";

export interface DemoOptions extends StageOptions {
  agent: AgentType;
}

/** What happens, reported as it happens. */
export interface DemoObserver {
  started(cluster: LocalCluster, repository: DemoRepository): void;
  applied(objects: NamespaceObjects, run: AgentRun, more?: Secret): void;
  /** Called for each new phase or reason, the last time with the final run. */
  changed(run: AgentRun): void;
  heard(activity: Activity): void;
  /** The run has ended; `patch` is what it changed, in git's format. */
  ended(run: AgentRun, patch: string | undefined, pullRequests?: readonly DemoPullRequest[]): Promise<void>;
}

/**
 * One AgentRun from its manifest to its result, in its own cluster, below a temporary directory
 * that is removed at the end, whatever the end is. Resolves to the final run, or to undefined when
 * `signal` aborted first.
 */
export async function runDemo(options: DemoOptions, observer: DemoObserver): Promise<AgentRun | undefined> {
  await using stack = new AsyncDisposableStack();
  const scenario = options.onForge ? fixGreetingTwice : options.repo === undefined ? fixGreeting : leaveNote;
  const { cluster, repository, modelUrl, forge } = await setStage(options, scenario, stack);
  if (options.signal.aborted) return undefined;
  observer.started(cluster, repository);

  const objects = buildNamespaceObjects({
    agents: [options.agent],
    apiKey: options.live?.key ?? ANY_KEY,
    isLive: options.live !== undefined,
    keyVariable: options.live?.variable,
    modelUrl,
    model: agentOfType(options.agent).demo?.model,
  });
  const wanted = { name: RUN_NAME, agent: options.agent, prompt: options.prompt ?? promptFor(options) };
  const build = forge ? buildPublishedRun : buildRun;
  const asked = build(wanted, { url: repository.url, branch: repository.branch });
  await applyNamespaceObjects(cluster.client, objects);
  const secret = forge && buildForgeSecret(FORGE_TOKEN);
  if (secret) await cluster.client.create(secrets, secret);
  await cluster.client.create(agentRuns, asked);
  observer.applied(objects, asked, secret);
  const at = { namespace: DEMO_NAMESPACE, name: RUN_NAME };
  const run = await followToLastWord(cluster.client, at, options.signal, observer);
  if (run === undefined) return undefined;
  await observer.ended(run, await readPatch(cluster.client, at), forge?.pullRequests);
  return run;
}

function promptFor(options: DemoOptions): string {
  return options.repo === undefined
    ? "Run ./test.sh. It fails because greet.sh has a typo: fix it, run the test again and commit the change."
    : "Leave a note in NOTES.md that an agent was here, and commit it.";
}
