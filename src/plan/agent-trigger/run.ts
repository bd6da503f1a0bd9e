import type { AgentRun, AgentRunSpec } from "../../api/agent-run.ts";
import { API_GROUP, API_VERSION } from "../../api/group.ts";
import {
  ANNOTATION_CONCURRENCY,
  ANNOTATION_EVENT,
  ANNOTATION_PER_HOUR,
  ANNOTATION_REPORT,
  ANNOTATION_REPORT_COMMIT,
  ANNOTATION_TRIGGERS,
  LABEL_GROUP,
  LABEL_TRIGGER,
} from "../../api/labels.ts";
import type { ConfigMap } from "../../kube/builtin.ts";
import { ownedByRun, ownedByTrigger } from "../specs/owner.ts";
import { EVENT_FILE } from "../specs/paths.ts";
import { runEventName } from "../specs/names.ts";
import type { CompiledTrigger, RenderedTemplate } from "./compile.ts";
import type { EventVariables } from "./expression.ts";
import type { Refused } from "./decide.ts";

/** The group of the event's run, as its expression names it; undefined: the trigger has no groups. */
export function groupOf({ group }: CompiledTrigger, variables: EventVariables): string | undefined | Refused {
  if (!group) return undefined;
  const result = group(variables);
  if ("error" in result) return { reason: "ExpressionFailed", message: `concurrency.group: ${result.error}` };
  const { value } = result;
  if (typeof value === "string" || typeof value === "bigint") return String(value);
  return { reason: "ExpressionFailed", message: "concurrency.group is no text and no whole number" };
}

/** The run of an event. `hash` names the event, `group` is hashed already. */
export function runOfEvent(
  { trigger }: CompiledTrigger,
  rendered: Exclude<RenderedTemplate, { error: string }>,
  own: {
    name: string;
    group?: string;
    continues?: string;
    report?: string;
    /** The one that gets a status. */
    commit?: string;
    /** The triggers that have led to the run that the event is about. */
    chain?: readonly string[];
  },
): AgentRun {
  const { name = "", namespace, uid = "" } = trigger.metadata;
  const { concurrency, limits } = trigger.spec;
  const { labels, annotations, spec } = rendered;
  const { pullRequest: _, anyRun: __, ...continueFrom } = spec.continueFrom ?? {};
  const run = own.continues ?? continueFrom.run;
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: "AgentRun",
    metadata: {
      name: own.name,
      namespace,
      labels: {
        ...labels,
        [LABEL_TRIGGER]: name,
        ...(own.group !== undefined && { [LABEL_GROUP]: own.group }),
      },
      annotations: {
        ...annotations,
        [ANNOTATION_EVENT]: "true",
        ...(own.report !== undefined && { [ANNOTATION_REPORT]: own.report }),
        ...(own.commit !== undefined && { [ANNOTATION_REPORT_COMMIT]: own.commit }),
        ...(own.chain?.length && { [ANNOTATION_TRIGGERS]: own.chain.join(",") }),
        ...(concurrency?.policy &&
          own.group !== undefined && { [ANNOTATION_CONCURRENCY]: concurrency.policy }),
        ...(limits?.perHour !== undefined && { [ANNOTATION_PER_HOUR]: String(limits.perHour) }),
      },
      ownerReferences: [ownedByTrigger({ name, uid })],
    },
    spec: { ...spec, continueFrom: run === undefined ? undefined : { ...continueFrom, run } } as AgentRunSpec,
  };
}

/** The event for the run's agent. It goes with the run. */
export function eventOf(run: AgentRun, event: unknown): ConfigMap {
  const { name = "", namespace, uid = "" } = run.metadata;
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: runEventName(name),
      namespace,
      labels: { [LABEL_TRIGGER]: run.metadata.labels?.[LABEL_TRIGGER] ?? "" },
      ownerReferences: [ownedByRun({ name, uid })],
    },
    immutable: true,
    data: { [EVENT_FILE]: JSON.stringify(event, undefined, 1) },
  };
}
