import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Pictures that the tests take of the pages, and what they are called in docs/console. */
const PICTURES = {
  "page-runs-light": "runs",
  "page-overview-light": "overview",
  "page-workspaces-dark": "workspaces",
  "page-new-dark": "new-run",
} as const;
const [LIMIT_MS, MAX_BYTES] = [900_000, 150 * 1024];

/** Writes the four pictures of the README, docs/console/*.png: the pages as the tests of the console see them. */
const root = join(import.meta.dirname, "..");
const taken = await mkdtemp(join(tmpdir(), "pictures-"));
try {
  await promisify(execFile)(process.execPath, ["--test", "test/tools/console-pages.test.ts"], {
    cwd: root,
    timeout: LIMIT_MS,
    env: { ...process.env, TEST_PICTURES: taken },
  });
  await mkdir(join(root, "docs", "console"), { recursive: true });
  for (const [from, to] of Object.entries(PICTURES)) {
    const file = join(taken, `${from}.png`);
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new Error(`${from} has ${size} bytes; at most ${MAX_BYTES} are wanted`);
    await copyFile(file, join(root, "docs", "console", `${to}.png`));
  }
} finally {
  await rm(taken, { recursive: true });
}
