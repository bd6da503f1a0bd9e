import type { AgentRun } from "../../api/agent-run.ts";
import { foreseen, type Nearby, type Shown, shownValues } from "../../plan/agent-run/foreseen.ts";
import { resolveRun } from "../../plan/agent-run/resolve.ts";
import { isStepsOnly, withContinued } from "../../plan/place.ts";

/** The page does not know the flags of the operator. */
const OF_THE_OPERATOR = "as the operator is set";
const OPERATOR = {
  agentImage: OF_THE_OPERATOR,
  gitImage: OF_THE_OPERATOR,
  operatorImage: OF_THE_OPERATOR,
  imagePullTimeoutSeconds: 300,
};

/**
 * Every value that the run started with, or would start with now, and which object or default it came from; or why that
 * cannot be said.
 */
export function originsOf(given: AgentRun, nearby: Nearby): { values: Shown[] } | { obstacle: string } {
  const run = given.status?.continued ? withContinued(given) : given;
  if (isStepsOnly(run.spec)) return { values: [] };
  const resolution = resolveRun(foreseen(run, nearby, OPERATOR));
  if ("obstacle" in resolution) return { obstacle: resolution.obstacle.message };
  const { gitResources, ...known } = resolution.origins;
  const values = shownValues({ ...known, ...(gitResources?.from !== "built in" && { gitResources }) });
  return { values: values.map((shown) => asStarted(shown, given)) };
}

/** What the run's status says that it has is true, whatever has been changed since. */
function asStarted(shown: Shown, { status }: AgentRun): Shown {
  const { agent, provider, model, image } = status ?? {};
  const begun = Object.entries({ agent, provider, model, image }).find(
    ([field]) => field === shown.field,
  )?.[1];
  if (begun === undefined || begun === shown.value) return shown;
  return { ...shown, value: begun, from: shown.value === OF_THE_OPERATOR ? shown.from : "the run's status" };
}
