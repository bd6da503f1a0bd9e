import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { AgentRun, AgentRunSpec } from "../../src/api/agent-run.ts";
import { AS_GO_READS } from "../../src/kube/yaml.ts";
import { projectRoot } from "./project-files.ts";

/** The spec of a run of the guide "Your repository". Throws if there is none of this name. */
export function recipe(name: string): AgentRunSpec {
  const page = readFileSync(join(projectRoot, "docs/guide/your-repository.md"), "utf8");
  const found = [...page.matchAll(/^```yaml\n([^]*?)^```/gm)]
    .map((match) => parse(match[1] ?? "", AS_GO_READS) as Partial<AgentRun>)
    .find(({ metadata }) => metadata?.name === name);
  if (!found?.spec) throw new Error(`the guide has no run ${name}`);
  return found.spec;
}
