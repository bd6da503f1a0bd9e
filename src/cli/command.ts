import { parseArgs } from "node:util";

/** One option of a command as data: parsing, `--help` and the CLI reference are all made from it. */
export interface OptionSpec {
  /**
   * `strings` is a string option that may be repeated; `argument` a word without `--` that is needed, `word` one that
   * may be left out.
   */
  readonly type: "boolean" | "string" | "strings" | "argument" | "word";
  /** What stands for the value in help, e.g. `DIR`. */
  readonly value?: string;
  readonly summary: string;
  /** One letter that stands for it after a single `-`. */
  readonly short?: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  /** A complaint about the value that completes `--name: …`, or undefined when it is good. */
  readonly check?: (value: string) => string | undefined;
  /** What a shell can offer for the value. */
  readonly offers?: LiveName;
}

/** Names that only a cluster or a kubeconfig knows. */
export type LiveName = "runs" | "providers" | "workspaces" | "namespaces" | "contexts" | "files";

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What a parsed command line holds for these options. */
export type ValuesOf<Options extends OptionSpecs> = {
  readonly [Name in keyof Options]: Options[Name]["type"] extends "boolean"
    ? boolean
    : Options[Name]["type"] extends "strings"
      ? readonly string[]
      : Options[Name] extends { readonly default: string } | { readonly type: "argument" }
        ? string
        : string | undefined;
};

/** The heading that a command is listed under. */
export type CommandGroup = "Runs" | "Without a cluster" | "Operator" | "Other";

/** What `--help` and the CLI reference say about a command. */
export interface CommandDescription<Options extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  readonly group: CommandGroup;
  readonly summary: string;
  /** Paragraphs, without line breaks. */
  readonly description: readonly string[];
  readonly options: Options;
  readonly examples: readonly string[];
}

/** A command as data. `run` is lazy: it imports what it needs, so that help loads nothing. */
export interface Command<Options extends OptionSpecs, Context> extends CommandDescription<Options> {
  /** Resolves to the exit code. */
  run(values: ValuesOf<Options>, context: Context): Promise<number>;
}

/** A command line that cannot be understood; the program ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Keeps the option types of a command literal while giving all commands one type. */
export function defineCommand<const Options extends OptionSpecs, Context>(
  command: Command<Options, Context>,
): Command<OptionSpecs, Context> {
  return {
    ...command,
    run: (values, context) =>
      // `parseOptions` has made these values from the very same specs.
      command.run(values as ValuesOf<Options>, context),
  };
}

type Parsed = Record<string, boolean | string | string[] | undefined>;

/** `-o=json` is `-ojson`, as in kubectl. Words after `--` stay as they are. */
function withShortValues(specs: OptionSpecs, argv: readonly string[]): string[] {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  const shorts = new Set(optionsIn(specs).map(([, { type, short }]) => (type === "boolean" ? "" : short)));
  return argv.map((word, at) => {
    const [, short, value] = /^-([A-Za-z])=(.+)$/s.exec(word) ?? [];
    return at < end && short !== undefined && shorts.has(short) ? `-${short}${value}` : word;
  });
}

/** Reads `argv` by the specs. Throws `UsageError` for anything that they do not allow. */
export function parseOptions(specs: OptionSpecs, argv: readonly string[]): ValuesOf<OptionSpecs> {
  const { tokens } = parseArgs({
    args: withShortValues(specs, argv),
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      optionsIn(specs).map(([name, spec]) => [
        name,
        {
          type: spec.type === "boolean" ? ("boolean" as const) : ("string" as const),
          ...(spec.short === undefined ? {} : { short: spec.short }),
        },
      ]),
    ),
  });
  const values: Parsed = {};
  for (const [name, spec] of Object.entries(specs)) {
    values[name] = spec.type === "boolean" ? false : spec.type === "strings" ? [] : spec.default;
  }
  const seen = new Set<string>();
  const missing = argumentsIn(specs);
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      const [name, spec] = missing.shift() ?? [];
      if (name === undefined || spec === undefined) {
        throw new UsageError(`unexpected argument "${token.value}"`);
      }
      assign(values, name, spec, token.value);
      continue;
    }
    const spec = optionsIn(specs).find(([name]) => name === token.name)?.[1];
    const isSpelledRight = token.rawName.startsWith("--") || token.rawName === `-${spec?.short}`;
    if (spec === undefined || !isSpelledRight) {
      const known = optionsIn(specs).map(([name]) => name);
      throw new UsageError(`unknown option ${token.rawName}${suggestion(token.name, known, "--")}`);
    }
    if (spec.type !== "strings" && seen.has(token.name)) {
      throw new UsageError(`--${token.name} is given twice`);
    }
    seen.add(token.name);
    assign(values, token.name, spec, token.value);
  }
  const absent = missing.find(([, { type }]) => type === "argument");
  if (absent) throw new UsageError(`${argumentName(...absent)} is missing: ${absent[1].summary}`);
  return values as ValuesOf<OptionSpecs>;
}

/** What is given with `--`. */
export function optionsIn(specs: OptionSpecs): [string, OptionSpec][] {
  return Object.entries(specs).filter(([, spec]) => !isWord(spec));
}

/** What is given as words, in order. */
export function argumentsIn(specs: OptionSpecs): [string, OptionSpec][] {
  return Object.entries(specs).filter(([, spec]) => isWord(spec));
}

function isWord({ type }: OptionSpec): boolean {
  return type === "argument" || type === "word";
}

/** How help and messages call an argument. */
export function argumentName(name: string, { value }: OptionSpec): string {
  return value ?? name.toUpperCase();
}

function assign(values: Parsed, name: string, spec: OptionSpec, value: string | undefined): void {
  if (spec.type === "boolean") {
    if (value !== undefined && value !== "true" && value !== "false") {
      throw new UsageError(`--${name}: expected true or false, got "${value}"`);
    }
    values[name] = value !== "false";
    return;
  }
  if (value === undefined || value === "") {
    throw new UsageError(`--${name} needs a value: --${name} ${spec.value ?? "VALUE"}`);
  }
  if (spec.choices && !spec.choices.includes(value)) {
    throw new UsageError(`--${name}: expected one of ${spec.choices.join(", ")}, got "${value}"`);
  }
  const complaint = spec.check?.(value);
  if (complaint !== undefined) throw new UsageError(`--${name}: ${complaint}, got "${value}"`);
  const before = values[name];
  values[name] = Array.isArray(before) ? [...before, value] : value;
}

/** ` (did you mean --data?)` for a name that is one or two edits from a known one, else nothing. */
export function suggestion(name: string, known: readonly string[], prefix = ""): string {
  const best = known
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .toSorted((a, b) => a.edits - b.edits)[0];
  const isNear = best !== undefined && best.edits <= 2 && best.edits < best.candidate.length;
  return isNear ? ` (did you mean ${prefix}${best.candidate}?)` : "";
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
