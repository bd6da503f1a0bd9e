import { it } from "node:test";
import { requireTool } from "../support/debian.ts";
import { assertCommitsIn } from "../support/sandbox-run.ts";

it("a run commits where containers are isolated by bubblewrap", { timeout: 120_000 }, async () => {
  await requireTool("bwrap", "bubblewrap");
  await assertCommitsIn("bubblewrap");
});
