import { cp } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";

/** Writes the console's page into `outdir`: what a browser is sent, and nothing that comes from elsewhere. */
export async function buildWeb(root: string, outdir: string): Promise<void> {
  await build({
    root: join(root, "src", "console", "web"),
    configFile: false,
    envFile: false,
    logLevel: "error",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: outdir,
      emptyOutDir: true,
      target: "es2022",
      // Inline code and data are what the page's Content-Security-Policy forbids.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  // What the form for a new run is made of; the same as for editors.
  await cp(join(root, "config", "schemas", "agentrun.json"), join(outdir, "agentrun.json"));
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  await buildWeb(root, process.argv[2] ?? join(root, "dist", "console"));
}
