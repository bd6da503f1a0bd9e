/** One thing that the scripted model asks the agent to do. */
export type Action =
  /** Write a file; a relative path is taken from the agent's working directory. */
  | { write: { path: string; content: string } }
  /** Run a command line in the agent's shell. */
  | { run: string }
  /** Any other tool, by the name that the agent offers it under. */
  | { tool: string; input: Record<string, unknown> };

export interface Usage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

/** What goes wrong instead of an answer. */
export type Fault =
  /** An HTTP error; `retryAfter` in seconds. */
  | { status: number; type?: string; message?: string; retryAfter?: number }
  /** The request is never answered. */
  | "hang"
  /** The answer breaks off in the middle. */
  | "cut";

/** One answer of the model. With actions the agent comes back for the next turn; without any it is done. */
export interface Turn {
  text?: string;
  actions?: readonly Action[];
  usage?: Partial<Usage>;
  /** The answer stops because it has become too long for the model. */
  tooLong?: boolean;
  fault?: Fault;
  /** How often the fault happens before the turn is answered after all. Default: always. */
  faultTimes?: number;
  /** Before the answer starts. */
  delayMs?: number;
}

/** The model's part of a conversation, turn by turn; the last one is repeated. */
export type Scenario = readonly Turn[];

/** A scenario for each run, chosen by what the run was asked. */
export type ScenarioOf = Scenario | ((prompt: string) => Scenario);

/** A file written, committed and reported: the smallest task that has everything. */
export function committingScenario(
  path = "HELLO.md",
  content = "# Hello\n\nWritten by the agent.\n",
): Scenario {
  return [
    { text: "I will write the file.", actions: [{ write: { path, content } }] },
    { actions: [{ run: `git add -A && git commit -m "Add ${path}"` }] },
    { text: `Done: ${path} was created and committed.` },
  ];
}

/** The turn's tokens, growing with the conversation as real ones do. */
export function usageOf(turn: Turn, index: number): Usage {
  return { input: 1000 + 100 * index, output: 50, cacheRead: 200, cacheWrite: 300, ...turn.usage };
}
