import type { AgentRun, AgentRunSpec } from "../api/agent-run.ts";
import { API_GROUP, API_VERSION } from "../api/group.ts";
import type { RunValues } from "./run-options.ts";

/** Words of the task that make its run's name. */
const NAME_WORDS = 5;
const NAME_LENGTH = 40;
/** Words that say nothing about a task. */
const FILLERS: ReadonlySet<string> = new Set(["a", "an", "the", "to", "of", "in", "on", "and", "please"]);

/** Where the run's files come from. */
export type Source = Pick<AgentRunSpec, "repository" | "workspaceRef" | "worktree">;

/** A name from the first words of the task, with something that no other run has. */
export function nameForTask(task: string, suffix: string): string {
  const words = task
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "" && !FILLERS.has(word))
    .slice(0, NAME_WORDS)
    .join("-")
    .slice(0, NAME_LENGTH)
    .replaceAll(/^-+|-+$/g, "");
  return `${words || "run"}-${suffix}`;
}

/** The run that the options ask for, on top of a manifest's. */
export function buildRun(
  values: RunValues,
  given: { task: string | undefined; source: Source; name: string; namespace: string; manifest?: AgentRun },
): AgentRun {
  const { manifest, task, source, name, namespace } = given;
  const { prompt: _p, promptFrom: _f, ...rest } = manifest?.spec ?? {};
  const spec: AgentRunSpec = {
    ...(task === undefined ? manifest?.spec : { ...rest, prompt: task }),
    ...source,
    ...(values.agent === undefined ? {} : { agent: values.agent as AgentRunSpec["agent"] }),
    ...(values.provider === undefined ? {} : { providerRef: values.provider }),
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(values.image === undefined ? {} : { image: values.image }),
    ...(values.timeout === undefined ? {} : { timeout: values.timeout }),
    ...envOf(values, manifest),
  };
  const { labels, annotations } = manifest?.metadata ?? {};
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: "AgentRun",
    metadata: { name, namespace, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    spec,
  };
}

/** Options win over a manifest's variables of the same name. */
function envOf({ env }: RunValues, manifest: AgentRun | undefined): Pick<AgentRunSpec, "env"> {
  if (env.length === 0) return {};
  const given = env.map((text) => {
    const at = text.indexOf("=");
    return { name: text.slice(0, at), value: text.slice(at + 1) };
  });
  const names = new Set(given.map(({ name }) => name));
  const kept = (manifest?.spec.env ?? []).filter(({ name }) => !names.has(name));
  return { env: [...kept, ...given] };
}
