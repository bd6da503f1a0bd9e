import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { buildWeb } from "../scripts/web.ts";
import { readAssets } from "../src/console/assets.ts";
import { projectRoot } from "./support/project-files.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

const MAX_SCRIPT_BYTES = 180 * 1024;

test(
  "the console's page is small and has nothing inline or from elsewhere",
  { timeout: 60_000 },
  async () => {
    await using directory = await temporaryDirectory();
    const outdir = join(directory.path, "console");
    await buildWeb(projectRoot, outdir);
    const assets = await readAssets(outdir);
    const scripts = [...assets].filter(([path]) => path.endsWith(".js"));
    const bytes = scripts.reduce((sum, [, { body }]) => sum + gzipSync(body).length, 0);
    assert.ok(scripts.length > 0 && bytes < MAX_SCRIPT_BYTES, `${bytes} bytes compressed`);
    const page = assets.get("/index.html")?.body.toString() ?? "";
    assert.doesNotMatch(page, /<script(?![^>]* src="\/assets\/)|<style|\son\w+=|\sstyle=/);
    assert.doesNotMatch(page, /(?:src|href)="(?!\/(?!\/))/);
  },
);
