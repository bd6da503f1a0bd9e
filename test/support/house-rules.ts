/** The house rules of ARCHITECTURE.md that can be checked in the text of the sources. */

export interface SourceFile {
  /** From the root of the project, with `/`. */
  path: string;
  text: string;
}

/** The rooms of src/ and the rooms that each may import from, besides itself. */
export const MAY_IMPORT: Record<string, readonly string[]> = {
  kube: [],
  api: ["kube"],
  agents: ["kube", "api"],
  plan: ["kube", "api", "agents"],
  client: ["kube"],
  runtime: ["kube", "client"],
  operator: ["kube", "api", "agents", "plan", "client", "runtime"],
  devcluster: ["kube", "client", "runtime"],
  forge: ["kube", "api", "plan"],
  events: ["kube", "api", "plan", "client", "runtime", "forge"],
  local: ["kube", "api", "plan", "client", "runtime", "operator", "events", "devcluster"],
  follow: ["kube", "api", "agents", "plan", "client"],
  demo: ["kube", "api", "agents", "client", "follow", "local"],
  console: ["kube", "api", "agents", "plan", "client", "follow"],
  cli: [
    "kube",
    "api",
    "agents",
    "plan",
    "client",
    "runtime",
    "operator",
    "devcluster",
    "follow",
    "local",
    "demo",
    "console",
    "forge",
    "events",
  ],
};

/** Folders without I/O, clock or randomness: whole rooms, and the parts of the embedded cluster that only decide. */
const PURE_FOLDERS = [
  "src/kube",
  "src/api",
  "src/agents",
  "src/plan",
  "src/devcluster/apiserver/access",
  "src/devcluster/apiserver/answers",
  "src/devcluster/apiserver/definitions",
  "src/devcluster/apiserver/kinds",
  "src/devcluster/apiserver/managed-fields",
  "src/devcluster/apiserver/patch",
  "src/devcluster/apiserver/request",
  "src/devcluster/controllers/plans",
  "src/devcluster/kubelet/pods",
];
const MAX_LINES = 330;
/** A test may be one long table. */
const MAX_TEST_LINES = 600;

const IMPURE: [RegExp, string][] = [
  [/^\s*(?:export )?async function\b|[=(,]\s*async\b|\bawait\b/, "is asynchronous"],
  [
    /\bnew Date\(\)|\bDate\.now\(|\bperformance\.now\(|\bset(?:Timeout|Interval|Immediate)\(/,
    "reads the clock",
  ],
  [/\bMath\.random\(|\brandom(?:UUID|Bytes)\(|\bgetRandomValues\(/, "is random"],
  [/\bprocess\.|\bconsole\./, "reaches the process"],
];

const BANNED: [RegExp, string][] = [
  [/^export default\b/, "has a default export"],
  [/^export (?:type )?(?:\*|\{[^}]*\})\s*(?:as \w+ )?from\b/, "passes on another module's exports"],
  [/\bas any\b|: any\b|<any>/, "uses any"],
  [/@ts-(?:ignore|nocheck|expect-error)/, "silences the compiler"],
  [/^\s*(?:export )?(?:const )?enum \w|^\s*(?:export )?namespace \w/, "uses syntax that cannot be erased"],
  [/\b(?:TODO|FIXME|XXX)\b/, "leaves work undone"],
];

/** Where a resource type is made: the lists of built-in ones and of ours, and what is known only at run time. */
const RESOURCE_TYPES =
  /^src\/(?:kube\/|api\/resources\.ts|client\/discovery\.ts|devcluster\/(?:core-events|controllers\/scheduler|kubelet\/volumes)\.ts)/;

/** Tests may keep what their hooks set up. */
const MUTABLE: [RegExp, string][] = [
  [/^(?:export )?(?:let|var) /, "has mutable state at module level"],
  [
    /^(?:export )?const \w+(?:: [^=]+)? = new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\)/,
    "has mutable state at module level",
  ],
];

/** Words of Kubernetes that end in a banned one. */
const KUBERNETES_NAMES = /^(?:(?:default|validate|kubernetes)?(?:API)?Service|[fF]ieldManager|manager)$/;
const DECLARATION = /\b(?:class|interface|type|function|const|let)\s+([A-Za-z_$][\w$]*)/g;
const BANNED_NAME = /(?:Manager|Helpers?|Utils?|Service|Impl)$/;
const BANNED_VERB = /^(?:process|handle)[A-Z]/;

/** A number, a text or a pattern at module level. */
const SCALAR_CONSTANT = /^(?:export )?const ([A-Za-z_$][\w$]*)(?:: \w+)? = (?:-?\d|["'`/])/gm;

/** Every breach of the house rules in these files, one line each; empty when all is well. */
export function findBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...importBreaches(file),
    ...textBreaches(file),
    ...nameBreaches(file),
    ...constantBreaches(file),
    ...sizeBreaches(file),
  ]);
}

export interface ImportedModule {
  specifier: string;
  /** `static` is loaded with the module, `type` not at all, `dynamic` when the call is reached. */
  when: "static" | "type" | "dynamic";
}

/** The modules that a source names in its imports. */
export function importsOf(text: string): ImportedModule[] {
  const pattern =
    /^\s*(?:import|export)\b(\s+type\b)?[^"'`;]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return [...text.matchAll(pattern)].map(([, type, from, bare, dynamic]) => ({
    specifier: from ?? bare ?? dynamic ?? "",
    when: dynamic !== undefined ? "dynamic" : type !== undefined ? "type" : "static",
  }));
}

/** The path that a relative import leads to, from the root of the project. */
export function resolveImport(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Each circle of relative imports, of types too, once: the shortest way back to the first of its modules by name. */
export function findCircles(files: readonly SourceFile[]): string[] {
  const targets = new Map(
    files.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => resolveImport(path, specifier)),
    ]),
  );
  const found = new Map<string, string>();
  for (const path of [...targets.keys()].toSorted()) {
    const circle = wayBack(path, targets);
    const members = [...new Set(circle)].toSorted().join(" ");
    if (circle && !found.has(members)) found.set(members, circle.join(" -> "));
  }
  return [...found.values()];
}

function wayBack(from: string, targets: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const ways = [[from]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const target of targets.get(way.at(-1) ?? "") ?? []) {
      if (target === from) return [...way, from];
      if (!seen.has(target)) ways.push([...way, target]);
      seen.add(target);
    }
  }
  return undefined;
}

function importBreaches({ path, text }: SourceFile): string[] {
  const room = roomOf(path);
  if (room === undefined) return [];
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) return [`${path}: src/${room} is not a room of ARCHITECTURE.md`];
  return importsOf(text).flatMap(({ specifier }) => {
    if (!specifier.startsWith(".")) return packageBreaches(path, specifier);
    const target = resolveImport(path, specifier);
    const targetRoom = roomOf(target);
    if (target === "package.json") return [];
    if (targetRoom === undefined) return [`${path}: imports ${target} from outside src/`];
    if (!/[.]tsx?$/.test(specifier) && !specifier.endsWith(".json")) {
      return [`${path}: imports ${specifier} without its file name extension`];
    }
    const inner =
      path.startsWith("src/devcluster/apiserver/") &&
      /^src\/devcluster\/(?:kubelet|controllers)\//.test(target);
    if (inner) return [`${path}: the API server imports ${target}`];
    if (targetRoom === room || allowed.includes(targetRoom)) return [];
    return [`${path}: ${room} may not import from ${targetRoom} (${target})`];
  });
}

function packageBreaches(path: string, specifier: string): string[] {
  const pure = pureFolderOf(path);
  return pure !== undefined && specifier.startsWith("node:")
    ? [`${path}: ${pure} is pure and may not import ${specifier}`]
    : [];
}

function textBreaches({ path, text }: SourceFile): string[] {
  const lines = withoutTexts(text).split("\n");
  const pure = pureFolderOf(path) !== undefined;
  const environment: [RegExp, string][] =
    roomOf(path) !== undefined && !isTest(path) && path !== "src/cli/config.ts"
      ? [[/\bprocess\.env\b/, "reads the environment"]]
      : [];
  const types: [RegExp, string][] =
    roomOf(path) !== undefined && !RESOURCE_TYPES.test(path)
      ? [[/\bresourceType[<(]/, "makes a resource type; take it from src/kube"]]
      : [];
  const rules = [
    ...types,
    ...BANNED,
    ...(isTest(path) ? [] : MUTABLE),
    ...(pure ? IMPURE : []),
    ...environment,
  ];
  return lines.flatMap((line, index) =>
    rules.filter(([pattern]) => pattern.test(line)).map(([, what]) => `${path}:${index + 1}: ${what}`),
  );
}

function nameBreaches({ path, text }: SourceFile): string[] {
  return [...withoutTexts(text).matchAll(DECLARATION)]
    .map((match) => match[1] ?? "")
    .filter((name) => (BANNED_NAME.test(name) && !KUBERNETES_NAMES.test(name)) || BANNED_VERB.test(name))
    .map((name) => `${path}: ${name} is not a name that says what it does`);
}

function constantBreaches({ path, text }: SourceFile): string[] {
  if (isTest(path) || roomOf(path) === undefined) return [];
  return [...text.matchAll(SCALAR_CONSTANT)]
    .map((match) => match[1] ?? "")
    .filter((name) => !/^[A-Z][A-Z0-9_]*$/.test(name))
    .map((name) => `${path}: ${name} is a constant and not in UPPER_CASE`);
}

function sizeBreaches({ path, text }: SourceFile): string[] {
  const lines = text.split("\n").length - 1;
  const most = isTest(path) ? MAX_TEST_LINES : MAX_LINES;
  return lines > most ? [`${path}: has ${lines} lines, more than ${most}`] : [];
}

/** The same lines without comments and what is between quotes, so that only code is looked at. */
function withoutTexts(text: string): string {
  const pattern = /\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/.*$/gm;
  return text.replaceAll(pattern, (found) => {
    // Work left undone is announced in comments.
    const kept = /\b(?:TODO|FIXME|XXX)\b|@ts-\w+/.exec(found)?.[0] ?? "";
    return `${kept}${"\n".repeat(found.split("\n").length - 1)}`;
  });
}

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** The pure folder that the file belongs to; tests of pure files may do I/O. */
function pureFolderOf(path: string): string | undefined {
  return isTest(path) ? undefined : PURE_FOLDERS.find((folder) => path.startsWith(`${folder}/`));
}

function isTest(path: string): boolean {
  return /[.](?:test|timed)[.]ts$/.test(path);
}
