import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { API_GROUP } from "../../api/group.ts";
import { printableJson, printableLine } from "../../kube/printable.ts";
import { DEFAULT_AGENT_IMAGE, DEFAULT_GIT_IMAGE, DEFAULT_OPERATOR_IMAGE } from "../../operator/images.ts";
import type { RenderValues } from "../options.ts";
import { resourcesOf } from "./git-resources.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { objectsIn } from "./manifest-text.ts";
import { renderFiles } from "./render-files.ts";
import type { RenderDefaults, Rendered } from "./render-run.ts";
import type { GivenEvent } from "./render-started.ts";

/** Prints what AgentRuns in files will become, what starts them, and what is reported of them. Asks no cluster. */
export async function runRender(values: RenderValues, context: CommandContext): Promise<number> {
  const { config, out } = context;
  if (values.filename.length === 0)
    throw new UsageError(
      "--filename is needed: a file that holds an AgentRun, or what starts or reports one",
    );
  const objects = await Promise.all(
    values.filename.map(async (file) =>
      objectsIn(await readFile(resolve(config.workingDirectory, file), "utf8"), file),
    ),
  );
  const documents = objects.flat();
  const event = await eventOf(values, config.workingDirectory);
  const defaults: RenderDefaults = {
    namespace: values.namespace,
    gitImage: values["git-image"] ?? DEFAULT_GIT_IMAGE,
    agentImage: values["agent-image"] ?? DEFAULT_AGENT_IMAGE,
    operatorImage: values["operator-image"] ?? DEFAULT_OPERATOR_IMAGE,
    gitResources: resourcesOf(values["git-resource"]),
  };
  const rendered = renderFiles(documents, defaults, { ...(event && { event }), now: Date.now() });
  out.write(rendered.map((each) => text(each, join(config.packageRoot, "config", "schemas"))).join("---\n"));
  return 0;
}

/** What stands in comments is one line each, whatever is in it: the rest may be given to kubectl. */
function text({ title, notes = [], effective, objects, format }: Rendered, schemas: string): string {
  const width = Math.max(...effective.map(({ field }) => field.length));
  const heading =
    effective.length === 0 ? title : `${title}: every value that counts, and where it came from`;
  const rows = effective.map(({ field, value, from }) => `  ${field.padEnd(width)}  ${value}  (${from})`);
  const comments = [heading, ...notes.map((note) => `  ${note}`), ...rows].map(
    (line) => `# ${printableLine(line)}\n`,
  );
  const texts = objects.map((object) =>
    format === "json"
      ? `${printableJson(JSON.stringify(object, undefined, 2))}\n`
      : schemaLine(object, schemas) + stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 }),
  );
  return `${comments.join("")}${texts.join("---\n")}`;
}

/** For editors, above an object of our own kinds whose JSON schema is in the folder `schemas`. */
function schemaLine({ apiVersion, kind }: Rendered["objects"][number], schemas: string): string {
  const file = join(schemas, `${String(kind).toLowerCase()}.json`);
  const isOurs = String(apiVersion).startsWith(`${API_GROUP}/`) && existsSync(file);
  return isOurs ? `# yaml-language-server: $schema=${file}\n` : "";
}

/** A delivery as if it had come with a valid signature. */
async function eventOf({ event, header }: RenderValues, directory: string): Promise<GivenEvent | undefined> {
  if (event === undefined) return undefined;
  const pairs = header.map((each): [string, string] => {
    const colon = each.indexOf(":");
    return [each.slice(0, colon).trim().toLowerCase(), each.slice(colon + 1).trim()];
  });
  return { headers: Object.fromEntries(pairs), body: await readFile(resolve(directory, event)) };
}
