import type { AgentRun } from "../../api/agent-run.ts";
import { chainOf } from "./chain.ts";
import { type CompiledTrigger, renderTemplate } from "./compile.ts";
import { type Refused, runToContinue } from "./decide.ts";
import type { EventVariables } from "./expression.ts";
import type { EventFacts } from "./facts.ts";
import { reportAnnotation, reportedCommit } from "./report.ts";
import { groupOf, runOfEvent } from "./run.ts";
import { sourceOf } from "./source.ts";

/** The run that an event starts, as it is created, or why the event cannot become one. */
export function runForEvent(
  compiled: CompiledTrigger,
  payload: EventVariables,
  facts: EventFacts,
  its: {
    name: string;
    /** The runs of the namespace, of whatever trigger. */
    runs: Iterable<AgentRun>;
    /** The commit that the event is about; it may lack that of a pull request. */
    commit?: string | undefined;
    /** Makes a name of what an event says. */
    hash: (text: string) => string;
  },
): AgentRun | Refused {
  const { metadata, spec } = compiled.trigger;
  const chain = chainOf(sourceOf(spec), compiled.trigger, payload.event);
  if ("reason" in chain) return chain;
  const rendered = renderTemplate(compiled, payload);
  if ("error" in rendered) return { reason: "ExpressionFailed", message: rendered.error };
  const group = groupOf(compiled, payload);
  if (typeof group === "object") return group;
  const isContinued = spec.runTemplate.spec.continueFrom?.pullRequest === true;
  const continues = isContinued ? runToContinue(compiled, facts, its.runs) : undefined;
  if (typeof continues === "object") return continues;
  const report = spec.report?.comment ? reportAnnotation(facts) : undefined;
  const commit = spec.report?.status ? reportedCommit(its.commit ?? facts.commit) : undefined;
  return runOfEvent(compiled, rendered, {
    name: its.name,
    chain,
    ...(report !== undefined && { report }),
    ...(commit !== undefined && { commit }),
    ...(group !== undefined && { group: `${metadata.name}.${its.hash(group)}` }),
    ...(continues !== undefined && { continues }),
  });
}
