import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { REASONS } from "../src/api/reasons.ts";
import { projectRoot } from "./support/project-files.ts";

const FOLDER = join(projectRoot, "skills", "agent-operator");
const text = readFileSync(join(FOLDER, "SKILL.md"), "utf8");

/** Its manifests and commands are followed by test/e2e/guides.test.ts. */
describe("the skill for coding agents", () => {
  it("has the front matter that agents choose it by, and is short", () => {
    const [, matter = ""] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? [];
    const { name, description, ...rest } = parse(matter) as Record<string, string>;
    assert.equal(name, basename(FOLDER));
    assert.ok(description && description.length <= 1024);
    assert.deepEqual(rest, {});
    assert.ok(text.split("\n").length < 200);
  });

  it("names reasons that there are", () => {
    const rows = [...text.matchAll(/^\| (?:Pending|Failed|TimedOut)[^|]*\|/gm)].map(([row]) => row);
    const named = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, reason = ""]) => reason));
    assert.ok(named.length > 8);
    for (const reason of named) assert.ok(reason in REASONS, reason);
  });
});
