import type { Scenario } from "./model-scenario.ts";
import type { RunSetup } from "./manifests.ts";
import { fixGreeting } from "./scenarios.ts";

/** What one agent of the workspace demo is asked, and what the scripted model has it do. */
export interface Task extends RunSetup {
  scenario: Scenario;
}

function writing(intent: string, path: string, content: string, message: string): Scenario {
  return [
    { text: intent, actions: [{ write: { path, content } }] },
    { actions: [{ run: `git add ${path} && git commit --message "${message}"` }] },
    { text: `${path} is written and committed.` },
  ];
}

/** Four tasks in the demo's own repository, for two agents of each kind. */
export const TASKS: readonly Task[] = [
  {
    name: "fix-typo",
    agent: "claude",
    prompt: "Run ./test.sh. It fails because greet.sh has a typo: fix it and commit the change.",
    scenario: fixGreeting,
  },
  {
    name: "write-usage",
    agent: "claude",
    prompt: "Write USAGE.md with an example of greet.sh, and commit it.",
    scenario: writing(
      "I will show how it is called.",
      "USAGE.md",
      "# Usage\n\n```sh\n./greet.sh Ada\n```\n",
      "Show how greet.sh is called",
    ),
  },
  {
    name: "add-makefile",
    agent: "opencode",
    prompt: "Add a Makefile whose target test runs test.sh, and commit it.",
    scenario: writing(
      "A Makefile with one target is enough.",
      "Makefile",
      ".PHONY: test\ntest:\n\t./test.sh\n",
      "Add a Makefile",
    ),
  },
  {
    name: "add-editorconfig",
    agent: "opencode",
    prompt: "Add an .editorconfig that asks for tabs in the Makefile, and commit it.",
    scenario: writing(
      "I will add the settings.",
      ".editorconfig",
      "root = true\n\n[Makefile]\nindent_style = tab\n",
      "Add an .editorconfig",
    ),
  },
];
