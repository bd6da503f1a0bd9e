import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_FEATURES } from "../src/agents/agent.ts";
import { AGENT_TYPES, NAMED_AGENTS } from "../src/api/agent-types.ts";
import { NOT_OBEYED } from "../src/api/rules/agent-run.ts";
import { demoOptions } from "../src/cli/options.ts";
import { agentOfType } from "../src/agents/registry.ts";
import { readProjectFiles } from "./support/project-files.ts";

/** Where an agent may be named outside its own folder and the registry, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "src/api/agent-types.ts": "the names that the schema admits",
  "src/api/agent-config.ts": "says which agent is the built-in default",
  "src/api/agent-run.ts": "says which agent is the built-in default",
  "src/api/agent-workspace.ts": "an example of a path in a description",
  "src/api/fields/agent-input.ts": "an example of a path in a description",
  "src/api/fields/provider.ts": "describes the variables of a provider by examples",
  "src/api/labels.ts": "an example of a selector in a comment",
  "src/api/rules/agent-run.ts":
    "which agents cannot obey a field, refused at once; a test below compares them",
  "src/api/rules/mounts.ts": "an example of a path in a message",
  "src/cli/commands.ts": "an example of a command line",
  "src/cli/help.ts": "says what the program is for",
  "src/cli/run-options.ts": "the choices of `run`, which loads nothing else",
  "src/cli/options.ts": "the choices of the demo, which loads nothing else; the next test compares them",
  "src/cli/shipped-commands.ts": "an example of a command line",
  "src/demo/manifests.ts": "the name of a volume that the workspace demo shares",
  "src/demo/model-endpoint.ts": "Google's API has the same name as Google's agent",
  "src/demo/model-gemini.ts": "Google's API has the same name as Google's agent",
  "src/demo/samples.ts": "the name of a Secret that the samples name",
  "src/demo/workspace-demo.ts": "the two agents of the workspace demo",
  "src/demo/workspace-tasks.ts": "the two agents of the workspace demo",
  "src/local/definitions.generated.ts": "made from the schemas",
  "src/plan/agent-run/references.ts": "the built-in default agent",
};

test("an agent is named in its own folder and the registry, and nowhere else without a reason", () => {
  const named = new RegExp(NAMED_AGENTS.join("|"), "i");
  const own = new RegExp(`^src/agents/(registry\\.ts$|(${NAMED_AGENTS.join("|")})/)`);
  const found = readProjectFiles(["src"], ".ts")
    .filter(({ path, text }) => named.test(text) && !own.test(path) && !path.endsWith(".test.ts"))
    .map(({ path }) => path);
  assert.deepEqual(found.toSorted(), Object.keys(EXCEPTIONS).toSorted());
});

test("the demo knows every agent that has a program of its own", () => {
  assert.deepEqual(demoOptions.agent.choices, NAMED_AGENTS);
  for (const agent of NAMED_AGENTS) assert(agentOfType(agent).demo, agent);
});

test("a field is refused for exactly the agents that would pass over it", () => {
  const expected = AGENT_FEATURES.map((feature) => [
    feature,
    AGENT_TYPES.filter((agent) => !agentOfType(agent).features.includes(feature)),
  ]);
  const given = Object.fromEntries(AGENT_FEATURES.map((feature) => [feature, NOT_OBEYED[feature] ?? []]));
  assert.deepEqual(given, Object.fromEntries(expected));
});
