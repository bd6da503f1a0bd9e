import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findBreaches, findCircles, importsOf, MAY_IMPORT, resolveImport } from "./support/house-rules.ts";
import { projectRoot, readProjectFiles } from "./support/project-files.ts";

const sources = [".ts", ".tsx"]
  .flatMap((ending) => readProjectFiles(["src", "scripts"], ending))
  .filter(({ path }) => !path.endsWith(".generated.ts"));

/**
 * The embedded cluster may shrink, not grow (ADR 2): whoever needs more removes something else, or shows which user of the
 * operator needs it. `kube` is what Kubernetes means to the operator, and no part of that cluster.
 */
const MAX_LINES = { devcluster: 21_214, kube: 4000 };

describe("the house", () => {
  it("keeps its rules", () => {
    assert.deepEqual(findBreaches(sources), []);
  });

  it("is drawn in ARCHITECTURE.md with every room", () => {
    const drawing = readFileSync(join(projectRoot, "ARCHITECTURE.md"), "utf8");
    const missing = Object.keys(MAY_IMPORT).filter((room) => !drawing.includes(`src/${room}/`));
    assert.deepEqual(missing, []);
  });

  for (const [room, most] of Object.entries(MAX_LINES)) {
    it(`keeps src/${room} small`, () => {
      const lines = sources
        .filter(({ path }) => path.startsWith(`src/${room}/`) && !path.endsWith(".test.ts"))
        .reduce((sum, { text }) => sum + text.split("\n").length - 1, 0);
      assert.ok(lines <= most, `src/${room} has ${lines} lines`);
    });
  }

  it("has no import circle, not even of types", () => {
    assert.deepEqual(findCircles(sources), []);
  });

  it("loads nothing but src/cli for --help", () => {
    const loaded = staticImportsFrom("src/cli/main.ts");
    assert.ok(loaded.has("src/cli/commands.ts"));
    const foreign = [...loaded].filter((path) => !path.startsWith("src/cli/") && !path.startsWith("node:"));
    assert.deepEqual(foreign, []);
  });
});

describe("findBreaches", () => {
  const breaches: [string, string, string, RegExp][] = [
    [
      "an import against the direction",
      "src/kube/x.ts",
      'import { a } from "../api/a.ts";',
      /kube may not import from api/,
    ],
    [
      "a dynamic import against the direction",
      "src/runtime/x.ts",
      'await import("../api/a.ts");',
      /runtime may not import from api/,
    ],
    [
      "a type import against the direction",
      "src/devcluster/x.ts",
      'import type { A } from "../operator/a.ts";',
      /may not import from operator/,
    ],
    [
      "an import over several lines",
      "src/plan/x.ts",
      'import {\n  a,\n  b,\n} from "../client/a.ts";',
      /plan may not import from client/,
    ],
    [
      "the API server importing the kubelet",
      "src/devcluster/apiserver/x.ts",
      'import { a } from "../kubelet/a.ts";',
      /the API server imports/,
    ],
    [
      "tests as a dependency",
      "src/cli/x.ts",
      'import { a } from "../../test/support/run.ts";',
      /from outside src/,
    ],
    ["a new room", "src/misc/x.ts", "", /not a room/],
    [
      "node: in a pure room",
      "src/plan/x.ts",
      'import { join } from "node:path";',
      /is pure and may not import node:path/,
    ],
    ["an async function in a pure room", "src/api/x.ts", "export async function a() {}", /is asynchronous/],
    ["the clock in a pure room", "src/agents/x.ts", "const a = new Date();", /reads the clock/],
    ["randomness in a pure room", "src/plan/x.ts", "const a = Math.random();", /is random/],
    [
      "the environment outside cli/config",
      "src/operator/x.ts",
      'const a = process.env["A"];',
      /reads the environment/,
    ],
    ["a default export", "src/cli/x.ts", "export default {};", /default export/],
    ["a barrel", "src/kube/x.ts", 'export * from "./y.ts";', /passes on/],
    ["mutable state", "src/runtime/x.ts", "let count = 0;", /mutable state/],
    ["a module-level cache", "src/kube/x.ts", "const cache = new Map<string, number>();", /mutable state/],
    ["any", "src/kube/x.ts", "const a = b as any;", /uses any/],
    ["a silenced compiler", "src/kube/x.ts", "// @ts-ignore", /silences/],
    ["an enum", "src/kube/x.ts", "export enum A {}", /erased/],
    ["a banned name", "src/kube/x.ts", "export class PodManager {}", /PodManager is not a name/],
    ["a banned verb", "src/kube/x.ts", "function handlePod() {}", /handlePod is not a name/],
    ["work left undone", "src/kube/x.ts", "// TODO: later", /undone/],
    [
      "a second list of resource types",
      "src/cli/x.ts",
      'export const pods = resourceType("", "v1", "pods", "Pod");',
      /makes a resource type/,
    ],
    ["a constant in two casings", "src/kube/x.ts", "export const maxLines = 5;", /maxLines is a constant/],
    ["a long file", "src/kube/x.ts", "a;\n".repeat(400), /has 400 lines/],
  ];
  for (const [name, path, text, message] of breaches) {
    it(`finds ${name}`, () => {
      const found = findBreaches([{ path, text }]);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", message);
    });
  }

  it("says nothing about what only stands in comments and texts", () => {
    const text =
      '/** handlePod, as any, let it be */\nconst A = "export default `";\nconst B = `process.env`;\n';
    assert.deepEqual(findBreaches([{ path: "src/kube/x.ts", text }]), []);
  });
});

describe("findCircles", () => {
  const module = (path: string, ...imports: string[]) => ({
    path: `src/kube/${path}.ts`,
    text: imports.map((name) => `import type { A } from "./${name}.ts";\n`).join(""),
  });

  it("finds a circle by its shortest way", () => {
    const files = [module("a", "b"), module("b", "d", "c"), module("c", "a"), module("d")];
    assert.deepEqual(findCircles(files), [
      "src/kube/a.ts -> src/kube/b.ts -> src/kube/c.ts -> src/kube/a.ts",
    ]);
  });

  it("finds none where two ways lead to the same module", () => {
    assert.deepEqual(
      findCircles([module("a", "b", "c"), module("b", "d"), module("c", "d"), module("d")]),
      [],
    );
  });
});

/** Every module that is loaded with this one before anything runs. */
function staticImportsFrom(entry: string): Set<string> {
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    const imports = importsOf(texts.get(path) ?? "").filter(({ when }) => when === "static");
    for (const { specifier } of imports) {
      visit(specifier.startsWith(".") ? resolveImport(path, specifier) : specifier);
    }
  };
  visit(entry);
  return loaded;
}
