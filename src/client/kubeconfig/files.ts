import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { AS_GO_READS } from "../../kube/yaml.ts";
import { isFields, textOf, type Entry, type Fields } from "./fields.ts";

/** What the files say together. */
export interface Kubeconfig {
  files: readonly string[];
  currentContext: string | undefined;
  clusters: ReadonlyMap<string, Entry>;
  users: ReadonlyMap<string, Entry>;
  contexts: ReadonlyMap<string, Entry>;
}

const LISTS = [
  ["clusters", "cluster"],
  ["users", "user"],
  ["contexts", "context"],
] as const;

type List = (typeof LISTS)[number][0];

/**
 * Reads `paths` as kubectl does: the first file that names something wins, and missing files are skipped as long as one
 * exists. Rejects with an Error that names the file and the entry, and shows no value.
 */
export async function readKubeconfig(paths: readonly string[]): Promise<Kubeconfig> {
  const merged = {
    files: [] as string[],
    currentContext: undefined as string | undefined,
    clusters: new Map<string, Entry>(),
    users: new Map<string, Entry>(),
    contexts: new Map<string, Entry>(),
  };
  for (const path of paths) {
    const content = await readIfPresent(path);
    if (content === undefined) continue;
    const title = `kubeconfig ${path}`;
    const file = parseFile(title, content);
    merged.files.push(path);
    merged.currentContext ??= textOf(file, "current-context", title);
    for (const [list, inner] of LISTS) {
      for (const entry of entriesOf(file, list, inner, path, title))
        if (!merged[list].has(entry.name)) merged[list].set(entry.name, entry);
    }
  }
  if (merged.files.length === 0)
    throw new Error(`no kubeconfig at ${paths.join(", ")}; set KUBECONFIG to one`);
  return merged;
}

/** The entry of this name. Throws, with the names that there are, if there is none. */
export function entryNamed(config: Kubeconfig, list: List, name: string): Entry {
  const entry = config[list].get(name);
  if (entry !== undefined) return entry;
  throw new Error(
    `${config.files.join(", ")}: ${list} has no entry "${name}"; there is: ${namesOf(config, list) || "none"}`,
  );
}

export function namesOf(config: Kubeconfig, list: List): string {
  return [...config[list].keys()].join(", ");
}

/** What `FIELD-data` holds in Base64, else the content of the file that `FIELD` names; undefined if there is neither. */
export async function dataOrFile(entry: Entry, field: string): Promise<string | undefined> {
  const data = textOf(entry.fields, `${field}-data`, entry.title);
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const path = textOf(entry.fields, field, entry.title);
  if (path === undefined) return undefined;
  try {
    return await readFile(resolve(entry.directory, path), "utf8");
  } catch (error) {
    throw new Error(`kubeconfig: cannot read ${field} of "${entry.name}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Error(`cannot read kubeconfig ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function parseFile(title: string, content: string): Fields {
  const document = parseDocument(content, AS_GO_READS);
  const [problem] = document.errors;
  if (problem !== undefined) {
    // Only its code and place: the parser's message quotes the line, and lines here hold keys and tokens.
    const line = problem.linePos?.[0].line;
    const at = line === undefined ? "" : ` at line ${line}`;
    throw new Error(`${title} is no valid YAML${at} (${problem.code})`);
  }
  const file: unknown = document.toJS();
  if (!isFields(file)) throw new Error(`${title} is empty or no mapping`);
  return file;
}

function entriesOf(file: Fields, list: List, inner: string, path: string, title: string): Entry[] {
  const entries = file[list] ?? [];
  if (!Array.isArray(entries)) throw new Error(`${title}: ${list} is no list`);
  const seen = new Set<string>();
  return entries.map((entry: unknown): Entry => {
    const name = (isFields(entry) && textOf(entry, "name", `${title}: an entry of ${list}`)) || "";
    if (seen.has(name)) throw new Error(`${title}: ${list} names "${name}" twice`);
    seen.add(name);
    const fields = isFields(entry) && isFields(entry[inner]) ? entry[inner] : {};
    return { name, title: `kubeconfig: ${inner} "${name}"`, fields, directory: dirname(path) };
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
