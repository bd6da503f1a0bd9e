import { describe, it } from "node:test";
import { assertCommitsIn } from "../support/sandbox-run.ts";

/** Bubblewrap needs a Debian package; it is in test/tools. */
const MODES = ["user-namespace", "root", "none"] as const;

describe("a run", { concurrency: false, timeout: 240_000 }, () => {
  for (const mode of MODES) {
    it(`commits where containers are isolated by ${mode}`, async (t) => {
      try {
        await assertCommitsIn(mode);
      } catch (error) {
        const impossible =
          error instanceof Error && error.message.startsWith("containers cannot be isolated");
        if (!impossible) throw error;
        t.skip(error.message);
      }
    });
  }
});
