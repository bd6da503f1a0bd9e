import assert from "node:assert/strict";
import { test } from "node:test";
import { agentRunKind } from "../src/api/agent-run.ts";
import { schemaOf } from "../src/api/schema/crd.ts";
import { compileSchema } from "../src/kube/schema/compile.ts";
import { run } from "./support/run.ts";

const schema = compileSchema(schemaOf(agentRunKind));

function accepts(branch: string): boolean {
  const object = {
    metadata: { name: "under-test" },
    spec: { repository: { url: "https://example.com/repo.git", branch }, prompt: "Do it" },
  };
  return schema.validate(object).length === 0;
}

/** Every string of up to three of the pieces that git's rules are about. */
function candidates(): string[] {
  const pieces = ["a", "-", ".", "/", "@", "{", ".lock", "~", "\\", "é", " "];
  const pairs = pieces.flatMap((first) => pieces.map((second) => first + second));
  return [...pieces, ...pairs, ...pairs.map((pair) => `a${pair}`), ...pairs.map((pair) => `${pair}a`)];
}

test("every branch name that is accepted is one for git too, and git's others are refused", async () => {
  const names = [...new Set(candidates())].filter((name) => !name.startsWith("-"));
  const script = 'for name do git check-ref-format "refs/heads/$name" && printf "%s\\n" "$name"; done; true';
  const { stdout } = await run("sh", ["-c", script, "sh", ...names]);
  const valid = new Set(stdout.split("\n"));
  const differing = names.filter((name) => accepts(name) !== valid.has(name));
  // A branch could be named `@`, but on a command line that word means HEAD.
  assert.deepEqual(differing, ["@"]);
});
