import { agentRunKind } from "../../../src/api/agent-run.ts";
import { schemaOf } from "../../../src/api/schema/crd.ts";
import { compileSchema } from "../../../src/kube/schema/compile.ts";
import { run } from "../../support/run.ts";
import { inputTable } from "../table.ts";

const schema = compileSchema(schemaOf(agentRunKind));

function accepts(branch: string): boolean {
  const repository = { url: "https://example.com/repo.git", branch };
  return schema.validate({ metadata: { name: "r" }, spec: { repository, prompt: "Do it" } }).length === 0;
}

const PIECES = ["a", "main", "-", "--", ".", "/", "@", "{", "}", ".lock", "~", "^", ":", "?", "*", "[", "\\"];
const TEXTS = [
  "é",
  "日本",
  " ",
  "\t",
  "\n",
  "\u0001",
  "\u007f",
  "HEAD",
  "refs/heads/",
  "$(id)",
  "`id`",
  "'",
  '"',
];

/** Branch names made of what git's rules are about, judged by the compiled schema and by git itself. */
export const table = inputTable({
  name: "branch names, against git check-ref-format",
  never: "A branch is admitted that git refuses or takes for an option.",
  count: 6000,
  sample: 1000,
  generate: (random) => random.text([...PIECES, ...TEXTS], 1, 6),
  async judge(names) {
    const admitted = names.filter(accepts);
    const script = 'for name do git check-ref-format "refs/heads/$name" || printf "%s\\0" "$name"; done';
    const { stdout } = await run("sh", ["-c", script, "sh", ...admitted]);
    const options = admitted.filter((name) => name.startsWith("-"));
    return [...stdout.split("\0").filter((name) => name !== ""), ...options];
  },
});
