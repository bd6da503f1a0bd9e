import { withCluster } from "../cluster.ts";
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
    const request = { wanted: ["patch"], image: values.image, signal: stop.signal } as const;
    const { files, cut } = await fetchArtifacts(cluster.client, run, request);
    const patch = files.get("patch");
    if (cut.length > 0) out.error("the patch is larger than 256 MiB: this is its beginning");
    if (patch === undefined || patch.length === 0) out.error(`${run.metadata.name} has changed nothing`);
    else if (out.isTerminal)
      for (const line of renderPatch(patch.toString("utf8"), out.style, Infinity).slice(1)) out.line(line);
    else out.writeBytes(patch);
    return 0;
  });
}
