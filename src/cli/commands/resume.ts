import type { AgentRun, AgentRunSpec } from "../../api/agent-run.ts";
import { agentRuns } from "../../api/resources.ts";
import { unlessRefused } from "../../client/errors.ts";
import { continuing } from "../../plan/agent-run/retried.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { withCluster, type UserCluster } from "../cluster.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { findRun } from "../find-run.ts";
import { followAndReport } from "../follow-and-report.ts";
import type { ResumeValues } from "../look-options.ts";
import { createAfter } from "../run-again.ts";
import { readTask } from "../run-input.ts";

/** Creates a run that continues another one with a new task, and follows it. */
export async function runResume(values: ResumeValues, context: CommandContext): Promise<number> {
  if (values.local)
    throw new UsageError(
      "run --local keeps nothing that could be continued but the branch that it has made: check that out, and give the rest of the task to run --local",
    );
  return withCluster(values, context, async (cluster) => {
    const { run, feedback } = await wordsOf(values, cluster);
    const task = await readTask(feedback, context, "FEEDBACK");
    const before = await findRun(cluster, run, context);
    const old = before.metadata.name ?? "";
    const spec = specOf(before, task, values.fresh);
    const created = await createAfter(cluster, before, { name: values.name, spec }, context);
    const say = values.output === undefined ? context.out.line : context.out.error;
    const when = isFinished(before) ? "" : ", once that has ended";
    say(`run         ${created.metadata.name}, which continues ${old}${when}`);
    return followAndReport(cluster, created, values, context);
  });
}

/** A single word is the feedback, and the run is the newest one; with `--steps` it is the run. */
async function wordsOf(
  { run, feedback, steps }: ResumeValues,
  { client, namespace }: UserCluster,
): Promise<{ run: string | undefined; feedback: string | undefined }> {
  if (steps) {
    if (feedback !== undefined) throw new UsageError("with --steps no agent starts: leave FEEDBACK out");
    return { run, feedback: undefined };
  }
  if (feedback !== undefined) return { run, feedback };
  if (run === undefined)
    throw new UsageError(
      "FEEDBACK is missing: what the agent is to do next, or - to read it from standard input",
    );
  const at = { namespace, name: run };
  const isName = /^[a-z0-9][-a-z0-9]*$/.test(run);
  if (isName && (await unlessRefused(client.get(agentRuns, at), "NotFound")))
    throw new UsageError(`FEEDBACK is missing: what the agent of ${run} is to do next`);
  return { run: undefined, feedback: run };
}

/** The spec of the run before, but for what the new one takes over and what was that one's alone. */
function specOf(before: AgentRun, task: string | undefined, fresh: boolean): AgentRunSpec {
  const spec = continuing(before, fresh);
  if (task !== undefined) return { ...spec, prompt: task };
  if (!spec.verify && !spec.publish)
    throw new UsageError(
      `${before.metadata.name} has neither verify nor publish, so there is nothing to do with --steps`,
    );
  if (!spec.verify) return spec;
  const { feedback: _, ...verify } = spec.verify;
  return { ...spec, verify };
}
