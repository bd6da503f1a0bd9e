import type { AgentRun } from "../../api/agent-run.ts";
import { additionalNames, type PodFile } from "../../plan/specs/artifacts-pod.ts";
import { withCluster } from "../cluster.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { fetchArtifacts } from "../fetch-artifacts.ts";
import { findRun } from "../find-run.ts";
import type { DiffValues } from "../look-options.ts";
import { renderPatch } from "../run-text.ts";

/** Prints what a run has changed: for people on a terminal, else as `git apply` takes it. */
export async function runDiff(values: DiffValues, context: CommandContext): Promise<number> {
  const { out, stop } = context;
  return withCluster(values, context, async (cluster) => {
    const run = await findRun(cluster, values.run, context);
    const wanted = wantedOf(values, run);
    const request = { wanted: [wanted], image: values.image, signal: stop.signal };
    const { files, cut } = await fetchArtifacts(cluster.client, run, request);
    const patch = files.get(wanted);
    if (cut.length > 0) out.error("the patch is larger than 256 MiB: this is its beginning");
    if (patch === undefined || patch.length === 0)
      out.error(
        `${run.metadata.name} has changed nothing${values.repository === undefined ? "" : ` in ${values.repository}`}`,
      );
    else if (out.isTerminal)
      for (const line of renderPatch(patch.toString("utf8"), out.style, Infinity).slice(1)) out.line(line);
    else out.writeBytes(patch);
    return 0;
  });
}

function wantedOf({ repository }: DiffValues, run: AgentRun): PodFile {
  if (repository === undefined) return "patch";
  const names = additionalNames(run) ?? [];
  if (names.includes(repository)) return `patch.${repository}`;
  const has = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  throw new UsageError(`${run.metadata.name} has no additional repository ${repository}: ${has}`);
}
