import { KINDS } from "../../src/api/kinds.ts";
import { renderFields } from "../../src/api/reference/fields.ts";
import { renderReasons } from "../../src/api/reference/reasons.ts";
import { type Generator, NOTICE } from "./generator.ts";

async function files(): Promise<Map<string, string>> {
  const notice = `<!-- ${NOTICE} -->\n\n`;
  return new Map([
    ["docs/reference/fields.md", notice + renderFields(KINDS)],
    ["docs/reference/reasons.md", notice + renderReasons()],
    // A skill is copied as a folder, so it has its own.
    ["skills/agent-operator/reasons.md", notice + renderReasons()],
  ]);
}

/** The parts of the reference that are written from `src/api`. */
export const reference: Generator = { files };
