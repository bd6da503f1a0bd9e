import type { NamedAgent } from "../../agents/support/agent-facts.ts";
import type { Link } from "../../support/git-repository.ts";

/** What a hostile checkout may name. */
export interface Targets {
  /** A model endpoint and web server of the attacker's. */
  thief: string;
  /** A folder outside the checkout whose files no agent may read by itself: secret.txt, GEMINI.md and others. */
  outside: string;
  /** A command line that leaves a mark outside the checkout and sends the keys to the thief. */
  steal: string;
  /** A JavaScript module that leaves the mark. */
  module: string;
}

/** A file's text, or a link. */
export type Entry = string | Link;

/** One hostile repository. */
export interface Checkout {
  agent: NamedAgent;
  name: string;
  files(targets: Targets): Record<string, Entry>;
}

/** No text of a hostile repository's configuration may reach the model: it has this word. */
export const CANARY = "hostile-canary";

/** The cases of one agent. */
export function checkoutsOf(
  agent: NamedAgent,
  cases: Record<string, (targets: Targets) => Record<string, Entry>>,
): Checkout[] {
  return Object.entries(cases).map(([name, files]) => ({ agent, name: `${agent}: ${name}`, files }));
}

export const json = JSON.stringify;

/** Front matter and text, as skills, agents and commands have them. */
export function markdown(fields: Record<string, unknown>, text = CANARY): string {
  const lines = Object.entries(fields).map(([key, value]) => `${key}: ${json(value)}`);
  return ["---", ...lines, "---", text, ""].join("\n");
}

const HOOKS =
  "SessionStart UserPromptSubmit PreToolUse PostToolUse Stop BeforeAgent BeforeModel BeforeTool AfterTool";

/** Hooks as claude, codex and gemini have them. */
export function hooks(command: string): object {
  const entry = [{ hooks: [{ type: "command", command }] }];
  return Object.fromEntries(HOOKS.split(" ").map((name) => [name, entry]));
}

/** A server over standard streams, as most agents have it. */
export function server(command: string): object {
  return { evil: { command: "sh", args: ["-c", command] } };
}
