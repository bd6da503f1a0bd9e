import { agentProviders, agentRuns, agentWorkspaces } from "../api/resources.ts";
import { readKubeconfig } from "../client/kubeconfig/files.ts";
import { namespaces } from "../kube/builtin.ts";
import type { KubeObject } from "../kube/objects.ts";
import { printableLine } from "../kube/printable.ts";
import type { ResourceType } from "../kube/resources.ts";
import { withCluster, type ConnectionValues } from "./cluster.ts";
import { argumentsIn, optionsIn } from "./command.ts";
import type { CommandDescription, LiveName, OptionSpec, OptionSpecs } from "./command.ts";
import type { CommandContext } from "./context.ts";

/** Nobody waits longer for a completion. */
const LIMIT_MS = 2_000;
const MOST = 200;
/** What a shell takes as it is: a name that is not is not offered. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** Something that can stand where the cursor is, and what it is. */
export interface Completion {
  value: string;
  about: string;
}

/** What can follow: `words` are those after the program's name, the last one as far as it was typed. */
export async function completions(
  commands: readonly CommandDescription[],
  words: readonly string[],
  context: CommandContext,
): Promise<Completion[]> {
  const current = currentOf(words);
  const found = await candidates(commands, words, context).catch(() => []);
  return found
    .filter(({ value }) => value.startsWith(current) && PLAIN.test(value))
    .map(({ value, about }) => ({ value, about: printableLine(about) }));
}

async function candidates(
  commands: readonly CommandDescription[],
  words: readonly string[],
  context: CommandContext,
): Promise<Completion[]> {
  const ofCommands = commands.map(({ name, summary }) => ({ value: name, about: summary }));
  if (words.length <= 1) return [...ofCommands, { value: "help", about: "Print the help of a command" }];
  const [name, ...rest] = words;
  if (name === "help") return ofCommands;
  const command = commands.find((each) => each.name === name);
  if (command === undefined) return [];
  return inCommand(command.options, rest, context);
}

async function inCommand(
  options: OptionSpecs,
  words: readonly string[],
  context: CommandContext,
): Promise<Completion[]> {
  const current = currentOf(words);
  const given = readGiven(options, words.slice(0, -1));
  const [, long, typed] = /^--([^=]+)=(.*)$/.exec(current) ?? [];
  if (long !== undefined && typed !== undefined && options[long])
    return (await valuesOf(options[long], given, context)).map(({ value, about }) => ({
      value: `--${long}=${value}`,
      about,
    }));
  if (given.open) return valuesOf(given.open, given, context);
  if (current.startsWith("-"))
    return optionsIn(options)
      .filter(([name, { type }]) => type === "strings" || !given.values.has(name))
      .map(([name, { summary }]) => ({ value: `--${name}`, about: summary }));
  const [, argument] = argumentsIn(options)[given.arguments] ?? [];
  return argument === undefined ? [] : valuesOf(argument, given, context);
}

/** bash takes the `=` that ends `--agent=` for the word that is being typed. */
function currentOf(words: readonly string[]): string {
  const word = words.at(-1) ?? "";
  return word === "=" ? "" : word;
}

interface Given {
  values: Map<string, string>;
  arguments: number;
  /** The option whose value comes next. */
  open?: OptionSpec;
}

/** What stands before the cursor. bash takes an `=` for a word of its own. */
function readGiven(options: OptionSpecs, words: readonly string[]): Given {
  const given: Given = { values: new Map(), arguments: 0 };
  let name: string | undefined;
  for (const word of words.filter((each) => each !== "=")) {
    if (name !== undefined) {
      given.values.set(name, word);
      name = undefined;
      continue;
    }
    const [long = word, value] = word.split(/=(.*)/s);
    const [found, spec] =
      optionsIn(options).find(([each, { short }]) => long === `--${each}` || long === `-${short}`) ?? [];
    if (found === undefined || spec === undefined) given.arguments += 1;
    else if (spec.type === "boolean" || value !== undefined) given.values.set(found, value ?? "");
    else name = found;
  }
  const open = name === undefined ? undefined : options[name];
  return open === undefined ? given : { ...given, open };
}

async function valuesOf(spec: OptionSpec, given: Given, context: CommandContext): Promise<Completion[]> {
  if (spec.choices) return spec.choices.map((value) => ({ value, about: "" }));
  return spec.offers === undefined ? [] : liveNames(spec.offers, given, context);
}

const LISTED: Readonly<Partial<Record<LiveName, ResourceType>>> = {
  runs: agentRuns,
  providers: agentProviders,
  workspaces: agentWorkspaces,
  namespaces,
};

async function liveNames(kind: LiveName, { values }: Given, context: CommandContext): Promise<Completion[]> {
  const connection: ConnectionValues = {
    namespace: values.get("namespace"),
    context: values.get("context"),
    kubeconfig: values.get("kubeconfig"),
    as: values.get("as"),
  };
  if (kind === "contexts") {
    const paths =
      connection.kubeconfig === undefined ? context.config.kubeconfigPaths : [connection.kubeconfig];
    const { contexts } = await readKubeconfig(paths);
    return [...contexts.keys()].map((value) => ({ value, about: "" }));
  }
  const type = LISTED[kind];
  if (type === undefined) return [];
  return withCluster(connection, context, async ({ client, namespace }) => {
    const where = type.namespaced ? { namespace } : {};
    const { items } = await client.list(type, {
      ...where,
      limit: MOST,
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    return items.map((object) => ({ value: object.metadata.name ?? "", about: phaseOf(object) }));
  });
}

function phaseOf(object: KubeObject & { status?: { phase?: string } }): string {
  return object.status?.phase ?? "";
}
