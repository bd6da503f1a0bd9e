import type { AgentRun, AgentRunSpec } from "../../api/agent-run.ts";
import { ANNOTATION_CANCEL, ANNOTATION_CLEANUP, ANNOTATION_USER } from "../../api/labels.ts";
import { MAX_RUN_NAME } from "../../api/rules/names.ts";

/** What kubectl apply keeps for itself. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The same task as a new run: its spec, labels and annotations without those that were about that one run. */
export function retried(
  before: AgentRun,
  { name, user }: { name: string; user: string | undefined },
): AgentRun {
  const { annotations = {}, labels, namespace } = before.metadata;
  const { [ANNOTATION_CANCEL]: _c, [ANNOTATION_CLEANUP]: _f, [LAST_APPLIED]: _l, ...kept } = annotations;
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      annotations: { ...kept, ...(user === undefined ? {} : { [ANNOTATION_USER]: user }) },
    },
    spec: before.spec,
  };
}

/** The spec of a run that goes on with this one's work, but for its task: what it takes over is left out. */
export function continuing({ metadata, spec }: AgentRun, fresh: boolean): Omit<AgentRunSpec, "prompt"> {
  const { repository: _r, workspaceRef: _w, worktree: _t, dependsOn: _d, ...kept } = spec;
  const { prompt: _p, promptFrom: _f, ...rest } = kept;
  return {
    ...rest,
    continueFrom: { run: metadata.name ?? "", ...(fresh ? { session: "Fresh" as const } : {}) },
  };
}

/** `NAME-2` for `NAME`, `NAME-3` for `NAME-2`: the first that is free. */
export function nameForRetry(name: string, taken: (name: string) => boolean): string {
  const [, stem = name, number] = /^(.*?)(?:-([2-9]|[1-9][0-9]{1,3}))?$/.exec(name) ?? [];
  for (let next = number === undefined ? 2 : Number(number) + 1; ; next++) {
    const candidate = `${stem.slice(0, MAX_RUN_NAME - 1 - `${next}`.length)}-${next}`;
    if (!taken(candidate)) return candidate;
  }
}
