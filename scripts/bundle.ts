import { chmod, cp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, type Metafile } from "esbuild";
import { buildWeb } from "./web.ts";

/** CommonJS packages in the bundle ask for Node's own modules by `require`. */
const BANNER =
  'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);';

/** What is started; everything else that is bundled is imported by it. */
export const BUNDLED_PROGRAM = "agent-operator.mjs";

/** What containers of the operator's image run that talk to a forge: the operator itself loads none of it. */
const FORGE_STEP = "src/cli/forge-step.ts";

/** A way in which the program is shipped. */
interface Form {
  entry: string;
  /** The oldest Node that runs it. */
  target: string;
  /** Files and folders of the checkout that it reads, and where they are beside it. */
  assets: Readonly<Record<string, string>>;
}

const SANDBOX = "src/devcluster/kubelet/sandbox";

const FORMS = {
  /** For the operator's image: without the embedded cluster and the demo. */
  image: {
    entry: "src/cli/shipped.ts",
    target: "node24",
    assets: sameIn("config/", "crd", "default", "operator", "rbac", "users"),
  },
  /** For people: every command. */
  npm: {
    entry: "src/cli/packed.ts",
    target: "node22",
    assets: {
      ...sameIn("", "config", "images/agent/scripts"),
      [`${SANDBOX}/set-up-root.sh`]: "set-up-root.sh",
      [`${SANDBOX}/start-command.sh`]: "start-command.sh",
    },
  },
} as const satisfies Record<string, Form>;

export type FormName = keyof typeof FORMS;

/**
 * Writes the program into `outdir` in the form that is shipped so: one executable file and, beside it, what only some
 * commands need, so that the operator does not load it, and the files that it reads. Nothing of the checkout is needed
 * to run it. Resolves to the files that it was made of.
 */
export async function bundle(root: string, outdir: string, name: FormName): Promise<string[]> {
  const form: Form = FORMS[name];
  const { metafile } = await build({
    entryPoints: {
      [basename(BUNDLED_PROGRAM, ".mjs")]: join(root, form.entry),
      forge: join(root, FORGE_STEP),
    },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    target: form.target,
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
  for (const [from, to] of Object.entries(form.assets))
    await cp(join(root, from), join(outdir, to), { recursive: true });
  await buildWeb(root, join(outdir, "console"));
  return Object.keys(metafile.inputs);
}

function sameIn(folder: string, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [folder + name, folder + name]));
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

function isForm(name: string | undefined): name is FormName {
  return name !== undefined && Object.hasOwn(FORMS, name);
}

async function main(name: string | undefined): Promise<void> {
  if (!isForm(name)) throw new Error(`usage: node scripts/bundle.ts ${Object.keys(FORMS).join("|")}`);
  const root = join(import.meta.dirname, "..");
  const outdir = join(root, "dist", name);
  // What an earlier version left must not be shipped.
  await rm(outdir, { recursive: true, force: true });
  await bundle(root, outdir, name);
  // Standard output belongs to npm, which prints the name of what it has packed.
  process.stderr.write(`wrote ${join(outdir, BUNDLED_PROGRAM)}\n`);
}

if (import.meta.main) await main(process.argv[2]);
