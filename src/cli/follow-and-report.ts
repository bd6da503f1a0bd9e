import type { AgentRun } from "../api/agent-run.ts";
import { agentRuns } from "../api/resources.ts";
import { sameCluster, type ConnectionValues, type UserCluster } from "./cluster.ts";
import type { CommandContext } from "./context.ts";
import { renderObject, type ObjectFormat } from "./print-objects.ts";
import { renderResult } from "./run-text.ts";
import { exitCodeOf, showToEnd } from "./show-run.ts";

interface Follow extends ConnectionValues {
  readonly detach: boolean;
  readonly output: string | undefined;
}

/**
 * Follows a run that was created, then shows its result and the commands that come next. Ctrl-C leaves it alone and says
 * how to come back. Resolves to the exit code.
 */
export async function followAndReport(
  cluster: UserCluster,
  created: AgentRun,
  values: Follow,
  context: CommandContext,
): Promise<number> {
  const { out, stop, program } = context;
  const name = created.metadata.name ?? "";
  const say = values.output === undefined ? out.line : out.error;
  const command = (text: string): string => `${program} ${text} ${name}${sameCluster(values)}`;
  if (values.detach) {
    if (values.output === undefined) {
      out.line(`agentrun/${name} created`);
      out.line(`\nfollow it:  ${command("logs -f")}`);
    } else out.write(renderObject(created, values.output as ObjectFormat));
    return 0;
  }
  const at = { namespace: cluster.namespace, name };
  const ended = await showToEnd(cluster.client, at, stop.signal, { say, style: out.style });
  if (ended === undefined) {
    out.error(`\nThe run goes on. To come back:  ${command("logs -f")}\nTo stop it:  ${command("cancel")}`);
    if (values.output !== undefined) {
      const now = await cluster.client.get(agentRuns, at);
      out.write(renderObject(now, values.output as ObjectFormat));
    }
    return stop.exitCode();
  }
  for (const line of renderResult(ended, out.style)) say(line);
  for (const line of nextSteps(ended, command)) say(line);
  if (values.output !== undefined) out.write(renderObject(ended, values.output as ObjectFormat));
  return exitCodeOf(ended);
}

/** What the user most probably wants now. */
export function nextSteps({ status }: AgentRun, command: (text: string) => string): string[] {
  const hasWork = status?.outcome !== undefined && status.outcome !== "NoChanges";
  const steps: [string, string][] = [
    ...(hasWork
      ? [
          ["see the change", command("diff")] as [string, string],
          ["take it into this repository", command("pull")] as [string, string],
          ["go on with it", `${command("resume")} "FEEDBACK"`] as [string, string],
        ]
      : []),
    ...(status?.phase === "Succeeded"
      ? []
      : [
          ["see why", command("show")] as [string, string],
          ["try again", command("retry")] as [string, string],
        ]),
  ];
  const width = Math.max(0, ...steps.map(([what]) => what.length + 1));
  return steps.length === 0 ? [] : ["", ...steps.map(([what, how]) => `${`${what}:`.padEnd(width)}  ${how}`)];
}
