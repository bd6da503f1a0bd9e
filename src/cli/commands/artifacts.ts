import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { additionalNames, ARTIFACTS, type Artifact, type PodFile } from "../../plan/specs/artifacts-pod.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { FetchedArtifacts } from "../artifact-stream.ts";
import { withCluster } from "../cluster.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { fetchArtifacts } from "../fetch-artifacts.ts";
import { findRun } from "../find-run.ts";
import type { ArtifactsValues } from "../options.ts";

const FILE_NAMES: Readonly<Record<string, string>> = {
  patch: "patch",
  transcript: "transcript.jsonl",
  log: "log",
} satisfies Record<Artifact, string>;

const PATCH_OF = "patch.";

/** One for each additional repository. */
function additionalPatches(run: AgentRun): PodFile[] {
  return (additionalNames(run) ?? []).map((name) => `${PATCH_OF}${name}` as const);
}

/** Fetches what a run has left. Exit code 1: something of what was asked for by name is not there. */
export async function runArtifacts(values: ArtifactsValues, context: CommandContext): Promise<number> {
  const { config, stop } = context;
  const named = ARTIFACTS.filter((name) => values[name === "log" ? "logs" : name]);
  if (values.output === undefined && named.length !== 1) {
    throw new UsageError("give -o DIR, or one of --patch, --transcript and --logs for standard output");
  }
  const { name, found, cut, wanted } = await withCluster(values, context, async (cluster) => {
    const run = await findRun(cluster, values.run, context);
    const wanted = named.length > 0 ? named : [...ARTIFACTS, ...additionalPatches(run)];
    const request = { wanted, image: values.image, signal: stop.signal };
    const { files, cut: cutFiles } = await fetchArtifacts(cluster.client, run, request);
    return { name: run.metadata.name ?? "", found: files, cut: cutFiles, wanted };
  });
  for (const file of cut) {
    context.out.error(`the ${file} is larger than 256 MiB: this is its beginning; all of it is on the claim`);
  }
  if (values.output === undefined) {
    const [content] = found.values();
    if (content === undefined) throw new Error(`${name} has left no ${wanted.join()}`);
    context.out.writeBytes(content);
    return 0;
  }
  await save(found, name, resolve(config.workingDirectory, values.output), context);
  return named.some((name) => found.get(name) === undefined) ? 1 : 0;
}

async function save(
  found: FetchedArtifacts["files"],
  run: string,
  directory: string,
  { out }: CommandContext,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, content] of found) {
    // Of its own repository the absence is worth a word; the others are seldom changed.
    const isAdditional = name.startsWith(PATCH_OF);
    if (content === undefined || (isAdditional && content.length === 0)) {
      if (!isAdditional) out.error(`${run} has left no ${name}`);
      continue;
    }
    const path = join(directory, FILE_NAMES[name] ?? name);
    await writeFile(path, content);
    out.line(path);
  }
}
