import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { AgentRun } from "../api/agent-run.ts";
import { API_GROUP } from "../api/group.ts";
import { isObject } from "../kube/json.ts";
import { UsageError } from "./command.ts";
import { objectsIn } from "./commands/manifest-text.ts";
import type { CommandContext } from "./context.ts";

/** The task as it was given; `-` stands for standard input. */
export async function readTask(
  word: string | undefined,
  { stdin }: Pick<CommandContext, "stdin">,
  name = "TASK",
): Promise<string | undefined> {
  const task = word === "-" ? await text(stdin) : word;
  if (task !== undefined && task.trim() === "")
    throw new UsageError(word === "-" ? "standard input holds no task" : `${name} is empty`);
  return task;
}

/** The one AgentRun of a file. The server judges its fields. */
export async function readManifest(
  file: string,
  { config }: Pick<CommandContext, "config">,
): Promise<AgentRun> {
  const objects = objectsIn(await readFile(resolve(config.workingDirectory, file), "utf8"), file);
  const runs = objects.filter(
    ({ kind, apiVersion }) => kind === "AgentRun" && String(apiVersion).startsWith(`${API_GROUP}/`),
  );
  const [run] = runs;
  if (run === undefined || runs.length > 1)
    throw new Error(`${file} holds ${runs.length} AgentRuns, and --from takes one`);
  if (!isObject(run["spec"]) || !isObject(run["metadata"] ?? {}))
    throw new Error(`${file}: the AgentRun has no spec`);
  return { metadata: {}, ...run } as unknown as AgentRun;
}
