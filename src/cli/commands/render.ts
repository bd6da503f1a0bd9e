import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { stringify } from "yaml";
import { DEFAULT_AGENT_IMAGE, DEFAULT_GIT_IMAGE, DEFAULT_OPERATOR_IMAGE } from "../../operator/images.ts";
import type { RenderValues } from "../options.ts";
import { resourcesOf } from "./git-resources.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { objectsIn } from "./manifest-text.ts";
import { renderRuns, type Rendered } from "./render-run.ts";

/** Prints the objects that AgentRuns in files will become. Asks no cluster. */
export async function runRender(values: RenderValues, context: CommandContext): Promise<number> {
  const { config, out } = context;
  if (values.filename.length === 0)
    throw new UsageError("--filename is needed: a file that holds an AgentRun");
  const objects = await Promise.all(
    values.filename.map(async (file) =>
      objectsIn(await readFile(resolve(config.workingDirectory, file), "utf8"), file),
    ),
  );
  const rendered = renderRuns(objects.flat(), {
    namespace: values.namespace,
    gitImage: values["git-image"] ?? DEFAULT_GIT_IMAGE,
    agentImage: values["agent-image"] ?? DEFAULT_AGENT_IMAGE,
    operatorImage: values["operator-image"] ?? DEFAULT_OPERATOR_IMAGE,
    gitResources: resourcesOf(values["git-resource"]),
  });
  out.write(rendered.map(text).join("---\n"));
  return 0;
}

function text({ name, effective, objects }: Rendered): string {
  const width = Math.max(...effective.map(({ field }) => field.length));
  const rows = effective.map(({ field, value, from }) => `#   ${field.padEnd(width)}  ${value}  (${from})\n`);
  const yaml = objects.map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 }));
  return `# AgentRun ${name}: every value that counts, and where it came from\n${rows.join("")}${yaml.join("---\n")}`;
}
