import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** CommonJS packages in the bundle ask for Node's own modules by `require`. */
const BANNER =
  'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);';

/**
 * Writes the whole program as one executable file, which is what the operator's image holds. Left out is
 * @kubernetes/client-node, which only kubeconfigs with an exec plugin, an auth provider or a proxy need:
 * ten times the size of all the rest.
 */
export async function bundle(root: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(root, "src", "cli", "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    keepNames: true,
    legalComments: "none",
    banner: { js: BANNER },
    external: ["@kubernetes/client-node"],
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
    // A path of the machine that builds must not end up in the file.
    absWorkingDir: root,
  });
  await chmod(outfile, 0o755);
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const outfile = join(root, "dist", "agent-operator.mjs");
  await bundle(root, outfile);
  process.stdout.write(`wrote ${outfile}\n`);
}
