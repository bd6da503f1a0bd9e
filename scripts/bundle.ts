import { chmod, cp, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, type Metafile } from "esbuild";

/** CommonJS packages in the bundle ask for Node's own modules by `require`. */
const BANNER =
  'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);';

/** What is started; everything else that `bundle` writes is imported by it. */
export const BUNDLED_PROGRAM = "agent-operator.mjs";

/** The parts of config/ that `install` and `uninstall` read. */
const INSTALLED = ["crd", "default", "operator", "rbac", "users"];

/**
 * Writes the program that is shipped into `outdir`, as the operator's image holds it: one executable file and,
 * beside it, what only some commands need, so that the operator does not load it, and config/. Resolves to the files
 * that it was made of.
 */
export async function bundle(root: string, outdir: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: { [basename(BUNDLED_PROGRAM, ".mjs")]: join(root, "src", "cli", "shipped.ts") },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    // Names stay as they are, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    banner: { js: BANNER },
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
    // A path of the machine that builds must not end up in the file.
    absWorkingDir: root,
    metafile: true,
  });
  refuseLostNames(metafile);
  await chmod(join(outdir, BUNDLED_PROGRAM), 0o755);
  for (const part of INSTALLED)
    await cp(join(root, "config", part), join(outdir, "config", part), { recursive: true });
  await writeFile(join(outdir, "package.json"), JSON.stringify(await packageOf(root), undefined, 2));
  return Object.keys(metafile.inputs);
}

/** Makes the bundle an npm package, which depends on nothing. */
async function packageOf(root: string): Promise<object> {
  const text = await readFile(join(root, "package.json"), "utf8");
  const { name, version, description, license, engines } = JSON.parse(text) as Package;
  return {
    name,
    version,
    description,
    license,
    type: "module",
    bin: { [name]: BUNDLED_PROGRAM },
    engines,
  };
}

interface Package {
  name: string;
  version: string;
  description: string;
  license: string;
  engines: object;
}

/** A CommonJS package that is imported as a promise loses every name but `default` here, and not in a checkout. */
function refuseLostNames({ inputs, outputs }: Metafile): void {
  const lost = Object.values(outputs)
    .map(({ entryPoint }) => entryPoint ?? "")
    .filter((path) => inputs[path]?.format === "cjs");
  if (lost.length > 0)
    throw new Error(
      `import() of CommonJS: ${lost.join(", ")}; import it in a module of ours, and that one by import()`,
    );
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const outdir = join(root, "dist");
  await bundle(root, outdir);
  process.stdout.write(`wrote ${join(outdir, BUNDLED_PROGRAM)}\n`);
}
