import type { AgentType } from "../api/agent-types.ts";
import type { EnvVar, ResourceRequirements } from "../kube/builtin.ts";
import type { JsonObject } from "../kube/json.ts";

/** What a run's settings say about the model, in the order in which they win. */
export interface ModelChoice {
  run?: string;
  provider?: string;
  config?: string;
  /** Literal variables that reach the agent. */
  environment: Readonly<Record<string, string>>;
}

/** A value as text, or the variable of the container's that holds it. */
export type McpValue = { text: string } | { variable: string };

/** A server whose tools the agent can use: a program, or an address. */
export type McpServer = { name: string } & (
  | { command: string; args: readonly string[]; env: Readonly<Record<string, McpValue>> }
  | { url: string; headers: Readonly<Record<string, McpValue>> }
);

/** An argument as it is, or one in which the container's variables take the place of `$(NAME)`. */
export type AgentArgument = string | { expand: string };

/** All that an agent's command line and environment are made from. */
export interface AgentSetup {
  runName: string;
  model?: string;
  maxTurns?: number;
  /** Whether there is text for the file that AGENT_INSTRUCTIONS names, beside the repository's own. */
  hasSystemPrompt: boolean;
  mcpServers: readonly McpServer[];
  /** A directory with a folder `skills` that the agent has to read, because its own lies on a volume of many runs. */
  skillsFrom?: string;
  /** The variable that carries the credential, when there is one. */
  tokenVariable?: string;
  /** A JSON schema of the agent's result, on one line. */
  resultSchema?: string;
  /** The user's variables as they will be in the container. */
  env: readonly EnvVar[];
  /** The run's own program with its first arguments, for an agent that is none itself. */
  command?: readonly string[];
  /** Extra arguments of the provider and the run, given last. */
  cliArgs: readonly string[];
  trustRepositoryConfig: boolean;
  /** Absolute paths of the repositories beside the one that it works in. */
  additionalDirectories?: readonly string[];
  /** Absolute paths at which shared volumes are mounted. */
  sharedMounts: readonly string[];
  /** Absolute path. */
  home: string;
  /** Whether no set-up command, volume or cache can have put anything into the home directory. */
  isHomeNew: boolean;
}

/**
 * How the constant entrypoint runs and watches this agent. Patterns are extended regular expressions as every awk knows
 * them, each matched against whole lines of the agent's standard output.
 */
export interface EntrypointRules {
  /** The executable that is looked up on PATH; absent: the first word of the run's command. */
  cli?: string;
  /** What npx installs when the image has no such executable: `name@version`; absent: nothing. */
  npmPackage?: string;
  /** One of these must be in the image, in order of preference. */
  shells: readonly string[];
  /** Sent first when the run is stopped; TERM and KILL follow. */
  stopSignal: "INT" | "TERM";
  /** Written before the prompt. */
  promptPrefix: string;
  /** Instruction files of an untrusted checkout, first found wins, handed over as text: the agent is kept from reading them itself. */
  instructionFiles: readonly string[];
  /** Whether an `@path` in such a file stands for what that file of the checkout says. */
  instructionImports?: boolean;
  /** How many bytes of them are handed over. Default: 256 KiB. */
  instructionBytes?: number;
  /** Names of the instruction files that it reads by itself, wherever they are in a checkout. */
  ownInstructionFiles?: readonly string[];
  /** The user's own instruction file, below the home directory; absent: they come in the file that AGENT_INSTRUCTIONS names. */
  userInstructions?: string;
  /** Where it looks for its user's skills, below the home directory. */
  skills?: string;
  /**
   * Where the agent keeps its sessions, below the home directory, the names of their files there, separated by spaces
   * (nothing else is kept), and the option that goes on with one.
   * Lines of its `.jsonl` files there that match `drop`, a basic regular expression, are left out before.
   */
  session?: { path: string; files: string; option: string; drop?: string };
  /** A directory below the home directory that no other run may have. */
  ownDirectory?: string;
  /** The place of the file that AGENT_INSTRUCTIONS names, below the home directory; absent: somewhere. */
  instructionPath?: string;
  /** The option that takes the instruction file; absent when the configuration names it. */
  instructionOption?: string;
  /** The setting by which that option takes the instructions themselves instead, as a string of TOML. */
  instructionKey?: string;
  /** Whether it keeps the user's git configuration from its tools, so that they must get it by environment. */
  hidesGitConfig?: boolean;
  /** What it reads as configuration at the root of a checkout, with any setting: moved out of an untrusted one while it runs. */
  hiddenPaths: readonly string[];
  /**
   * How a value is written that its configuration names by a variable, so that it arrives as it is: as JSON has
   * it in a string, with a backslash before each `$`, or with a reference to nothing in each `${`.
   */
  quotes?: "json" | "dollar" | "braces";
  /** A line after which going on is hopeless. */
  hopeless?: string;
  /** A line after which the agent has nothing more to say: one that stays on is ended. Absent: none is known. */
  final?: string;
  /**
   * For an agent that may end without its result, or (`always`) whose result is not complete: sed
   * expressions that find the session's name in its output, and among the lines of its `.jsonl` files with
   * that name what has been spent, as lines that `parseOutput` reads.
   */
  usage?: { session: string; lines: string; always?: boolean };
  /**
   * Lines that say how the run went. They are repeated at the end of a long log, so that its tail is enough, and the
   * last ones come in the termination message too. It also matches the beginning of such a line. Absent for an agent
   * that writes text and no events: the end of that comes in a line that `parseOutput` reads.
   */
  summary?: string;
}

/** Tokens over the whole run, side requests included if the agent reports them. */
export interface Tokens {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

export type AgentErrorKind =
  | "Authentication"
  | "RateLimited"
  | "Overloaded"
  | "TurnLimit"
  | "Model"
  | "Api"
  | "Interrupted"
  | "NotUnderstood"
  | "NoResult"
  | "Other";

export interface AgentError {
  kind: AgentErrorKind;
  /** HTTP status of the model's endpoint, if one was reported. */
  status?: number;
  /** In the agent's own words. */
  message: string;
}

/** What an agent said about its run. `ok` is the agent's half of the success test: the exit code is the other. */
export interface AgentReport {
  ok: boolean;
  sessionId?: string;
  turns?: number;
  tokens?: Tokens;
  /** US dollars as a decimal string without exponent. */
  costUSD?: string;
  /** The agent's last words. */
  text?: string;
  /** What it gave as its result, if a schema was asked for. */
  data?: unknown;
  error?: AgentError;
}

/** One thing that an agent did, for people to read while it happens. */
export interface Activity {
  /** `retry`: the model did not answer and is asked again. */
  kind: "text" | "tool" | "retry";
  text: string;
  /** Of a tool: what the agent calls this use of it, as its output does. */
  use?: string;
  /** Of a tool: what it was given. */
  input?: JsonObject;
  /** Whether it goes on in the next one. */
  isPart?: boolean;
  /** Of a retry: why the model did not answer, the same for each attempt. */
  cause?: string;
}

/** More than most people want to read: what an agent thinks, and what a tool answered. */
export type Detail =
  | { kind: "thinking"; text: string }
  | { kind: "output"; text: string; use: string; failed: boolean };

/** What `demo` and `run --local` need to know of an agent. */
export interface AgentDemo {
  /** The variable with the address of its model, without `/v1`. */
  baseUrl: string;
  /** A model that it knows by name and price; absent: the one that it chooses itself. */
  model?: string;
  /** Further variables that can hold a credential, such as that of a subscription. */
  keys?: readonly string[];
}

/** Fields of a run's spec that only some agents can obey. */
export const AGENT_FEATURES = [
  "maxTurns",
  "systemPrompt",
  "instructions",
  "mcpServers",
  "skills",
  "resultSchema",
] as const;

export type AgentFeature = (typeof AGENT_FEATURES)[number];

/** One agent: everything that differs between agents. Pure. */
export interface Agent {
  readonly name: AgentType;
  readonly entrypoint: EntrypointRules;
  /** For the CLI alone. Source: measured peak memory. */
  readonly resources: ResourceRequirements;
  /** Whether a run waits for a provider that it does not have. */
  readonly requiresProvider: boolean;
  /** Whether a run without a model must be refused. */
  readonly requiresModel: boolean;
  /** Whether it reads skills from `skillsFrom` too. */
  readonly takesSkillsFrom?: boolean;
  /** What this agent can obey; a run that asks for anything else is rejected. */
  readonly features: readonly AgentFeature[];
  /** What it reads as its user's configuration, below the home directory. Source: its system calls. */
  readonly userPaths: readonly string[];
  /** Variables in which it looks for a key, beside those that `tokenVariable` names. */
  readonly keyVariables: readonly string[];
  /** The model to ask for; undefined leaves the choice to the agent. */
  chooseModel(choice: ModelChoice): string | undefined;
  /** The variable that carries the credential unless the provider names one. */
  tokenVariable(environment: Readonly<Record<string, string>>, model: string | undefined): string;
  /** Arguments after the executable; the prompt comes on standard input. */
  args(setup: AgentSetup): AgentArgument[];
  /** Defaults that the user's variables override by name; values are literal. */
  environment(setup: AgentSetup): Record<string, string>;
  /** Values of the user's that this agent wants in another form; literal names to literal values. */
  corrections(setup: AgentSetup): Record<string, string>;
  /** Files that must be below the home directory when the agent starts, by path; each one line of text. */
  files?(setup: AgentSetup): Record<string, string>;
  /** Variables that its configuration names by `quotedName`. */
  quotedVariables?(setup: AgentSetup): string[];
  /** Absent for an agent that is no program itself. */
  readonly demo?: AgentDemo;
  /** What one line of its container's log says to people; any other line says nothing. */
  activities(line: string): (Activity | Detail)[];
  /** Reads the end of the container's log; lines that are not the agent's are passed over. */
  parseOutput(tail: string): AgentReport;
}
