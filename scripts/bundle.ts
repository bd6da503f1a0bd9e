import { chmod } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

/** CommonJS packages in the bundle ask for Node's own modules by `require`. */
const BANNER =
  'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);';

/** What is started; everything else that `bundle` writes is imported by it. */
export const BUNDLED_PROGRAM = "agent-operator.mjs";

/**
 * Writes the whole program into `outdir`, as the operator's image holds it: one executable file and, beside it,
 * what only some commands need, so that the operator does not load it. Left out is @kubernetes/client-node,
 * which only kubeconfigs with an exec plugin, an auth provider or a proxy need: ten times the size of all the rest.
 */
export async function bundle(root: string, outdir: string): Promise<void> {
  await build({
    entryPoints: { [basename(BUNDLED_PROGRAM, ".mjs")]: join(root, "src", "cli", "main.ts") },
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
    external: ["@kubernetes/client-node"],
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
    // A path of the machine that builds must not end up in the file.
    absWorkingDir: root,
  });
  await chmod(join(outdir, BUNDLED_PROGRAM), 0o755);
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const outdir = join(root, "dist");
  await bundle(root, outdir);
  process.stdout.write(`wrote ${join(outdir, BUNDLED_PROGRAM)}\n`);
}
