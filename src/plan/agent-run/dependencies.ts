import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { isFinished } from "./status.ts";
import type { Obstacle } from "./obstacles.ts";

/** How a run that this one depends on has ended, as it was first seen. */
export type Dependency = NonNullable<AgentRunStatus["dependencies"]>[number];

/** The runs of a namespace by name, as far as they exist. */
export type RunsByName = (name: string) => AgentRun | undefined;

/** How those that the run depends on have ended: what its status shows already, and those that have ended since. */
export function endedDependencies({ spec, status }: AgentRun, runs: RunsByName): Dependency[] {
  return (spec.dependsOn ?? []).flatMap(({ run: name }) => {
    const known = status?.dependencies?.find(({ run }) => run === name);
    if (known) return [known];
    const other = runs(name);
    return other && isFinished(other) ? [asDependency(other)] : [];
  });
}

function asDependency({ metadata, status }: AgentRun): Dependency {
  const { phase, reason, outcome, branch, result, completionTime } = status ?? {};
  return {
    run: metadata.name ?? "",
    uid: metadata.uid,
    phase: phase === "Succeeded" || phase === "TimedOut" ? phase : "Failed",
    reason,
    outcome,
    branch,
    headCommit: result?.git?.headCommit,
    text: result?.text,
    completionTime,
  };
}

/** What keeps a run from starting, for now or for good. `cycle` leads from the run back to it, if it does. */
export function dependencyObstacle(
  run: AgentRun,
  ended: readonly Dependency[],
  runs: RunsByName,
  cycle: readonly string[] | undefined,
): Obstacle | undefined {
  const { dependsOn = [] } = run.spec;
  const endOf = (name: string) => ended.find(({ run }) => run === name);
  if (cycle && (isToContinue(run) || dependsOn.some(({ run }) => !isPast(endOf(run))))) {
    const message = `the run waits for itself: ${cycle.join(" -> ")}; create one of them again without dependsOn`;
    return { kind: "rejected", reason: "DependencyCycle", message };
  }
  for (const { run, when = "Succeeded" } of dependsOn) {
    const end = endOf(run);
    if (!end || when === "Finished" || end.phase === "Succeeded") continue;
    const message = `AgentRun ${run} has ended as ${end.phase} (${end.reason}), and this run starts only if it succeeds`;
    return { kind: "rejected", reason: "DependencyFailed", message };
  }
  const missing = dependsOn.filter(({ run }) => !endOf(run));
  if (missing.length === 0) return undefined;
  const names = missing.map(({ run }) => (runs(run) ? run : `${run} (does not exist yet)`));
  const message = `waits for the end of AgentRun${names.length > 1 ? "s" : ""} ${names.join(", ")}`;
  return { kind: "waiting", reason: "WaitingForDependency", message };
}

/** Whether it has not taken over yet what it continues. */
function isToContinue({ spec, status }: AgentRun): boolean {
  return spec.continueFrom !== undefined && status?.continued === undefined;
}

/** Whether an end says nothing of a cycle. */
function isPast(end: Dependency | undefined): boolean {
  return end !== undefined && end.reason !== "DependencyCycle";
}

/** The names of the runs whose ends a run waits for. */
export function awaitedBy({ spec }: Pick<AgentRun, "spec">): string[] {
  const { dependsOn = [], continueFrom } = spec;
  return [...dependsOn.map(({ run }) => run), ...(continueFrom ? [continueFrom.run] : [])];
}

/** The shortest way from a run by what each one depends on back to it; undefined if there is none. */
export function findCycle(run: AgentRun, runs: RunsByName): string[] | undefined {
  const start = run.metadata.name ?? "";
  const cameFrom = new Map<string, string>();
  const open: AgentRun[] = [run];
  for (let each = open.shift(); each !== undefined; each = open.shift()) {
    const name = each.metadata.name ?? "";
    for (const next of awaitedBy(each)) {
      if (next === start) return wayTo(name, cameFrom).concat(start);
      const other = cameFrom.has(next) ? undefined : runs(next);
      cameFrom.set(next, cameFrom.get(next) ?? name);
      if (other && mayBeInCycle(other)) open.push(other);
    }
  }
  return undefined;
}

/** One that has ended waits for nothing, but for those of the cycle that were seen first. */
function mayBeInCycle(run: AgentRun): boolean {
  return !isFinished(run) || run.status?.reason === "DependencyCycle";
}

function wayTo(name: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way: string[] = [];
  for (let each: string | undefined = name; each !== undefined; each = cameFrom.get(each)) way.unshift(each);
  return way;
}
