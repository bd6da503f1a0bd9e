import type { Activity, Agent } from "../../agents/agent.ts";
import { createTranscript } from "../../follow/transcript.ts";
import type { JsonObject } from "../../kube/json.ts";
import { printable } from "../../kube/printable.ts";
import { editsOf, type Edit } from "./edits.ts";

/** What is kept on the screen; a page that holds everything that an agent can write would end in no memory. */
const [MAX_ENTRIES, MAX_TEXT] = [2000, 20_000];
const MAX_INPUT = 100_000;

/** Something that an agent has said, thought or done. */
export interface Entry extends Pick<Activity, "text" | "cause"> {
  kind: Activity["kind"] | "thinking";
  id: number;
  /** How often a retry for the same cause has come. */
  times: number;
  /** Of a tool: what it was given, in full, and what that changes in files. */
  given?: string;
  edits?: readonly Edit[];
  /** Of a tool that has ended. */
  output?: { text: string; failed: boolean };
}

/** The entries so far, and how many earlier ones are no longer kept. */
export interface Entries {
  entries: readonly Entry[];
  dropped: number;
  /** How many tools have answered. */
  outputs: number;
}

/** Reads a log line by line. */
export interface Collector {
  push(line: string): void;
  now(): Entries;
  end(): Entries;
}

/** Collects what an agent says, thinks and does, with what its tools answer at their own entries. */
export function createCollector(agent: Agent): Collector {
  const entries: Entry[] = [];
  const tools = new Map<string, number>();
  let next = 0;
  let dropped = 0;
  let outputs = 0;
  const add = (entry: Omit<Entry, "id" | "times">, times = 1): void => {
    entries.push({ ...entry, text: shown(entry.text), id: next++, times });
    if (entries.length > MAX_ENTRIES) dropped += entries.splice(0, entries.length - MAX_ENTRIES).length;
  };
  const transcript = createTranscript(
    agent,
    ({ kind, text, cause, use, input = {} }) => {
      const last = entries.at(-1);
      const isAgain = kind === "retry" && last?.kind === "retry" && last.cause === cause;
      if (isAgain) entries.pop();
      if (use !== undefined) tools.set(use, next);
      add(
        {
          kind,
          text,
          ...(cause === undefined ? {} : { cause }),
          ...(kind === "tool" ? { given: givenIn(input), edits: editsOf(input) } : {}),
        },
        isAgain ? last.times + 1 : 1,
      );
    },
    (detail) => {
      if (detail.kind === "thinking") return add(detail);
      const id = tools.get(detail.use);
      tools.delete(detail.use);
      const index = entries.findLastIndex((entry) => entry.id === id);
      const tool = entries[index];
      outputs += 1;
      if (tool) entries[index] = { ...tool, output: { text: shown(detail.text), failed: detail.failed } };
    },
  );
  const now = (): Entries => ({ entries: [...entries], dropped, outputs });
  return {
    push: transcript.push,
    now,
    end() {
      transcript.end();
      return now();
    },
  };
}

function shown(text: string): string {
  return printable(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}\n…` : text);
}

/** Each field with its value; a text as it is, since it has lines. */
function givenIn(input: JsonObject): string {
  const fields = Object.entries(input).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
    return text.includes("\n") ? `${name}:\n${text}` : `${name}: ${text}`;
  });
  return shown(fields.join("\n").slice(0, MAX_INPUT));
}
