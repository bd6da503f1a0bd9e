/** What the entrypoint reports when the agent has ended: git's facts, as `status.result.git` has them. */
export interface GitReport {
  /** Exit code 0 and the agent's own account, as far as a shell can tell. */
  ok: boolean;
  /** Absent on a detached HEAD. */
  branch?: string;
  /** Absent where the repository had no commit yet. */
  baseCommit?: string;
  headCommit?: string;
  /** Reachable from HEAD and not from the base. */
  commits: number;
  /** From the base to the files as they are, uncommitted ones included. */
  filesChanged: number;
  insertions: number;
  deletions: number;
  uncommittedChanges: boolean;
}

/** What the entrypoint found wrong with the image before it started the agent. */
export interface UnfitImage {
  reason: "InvalidImage";
  message: string;
}

/** Reads the agent container's termination message; undefined when it is not the entrypoint's or git was not there. */
export function parseGitReport(message: string): GitReport | undefined {
  const outcome = parseOutcome(message);
  const git = asFields(outcome?.["git"]);
  if (!outcome || !git) return undefined;
  return {
    ok: outcome["ok"] === true,
    ...textField("branch", git),
    ...textField("baseCommit", git),
    ...textField("headCommit", git),
    commits: count(git["commits"]),
    filesChanged: count(git["filesChanged"]),
    insertions: count(git["insertions"]),
    deletions: count(git["deletions"]),
    uncommittedChanges: git["uncommittedChanges"] === true,
  };
}

/** Whether the entrypoint has stopped the agent because it did nothing any more. */
export function wasStalled(message: string): boolean {
  return parseOutcome(message)?.["stalled"] === true;
}

/** Reads the agent container's termination message; undefined unless the image could not run the agent. */
export function parseUnfitImage(message: string): UnfitImage | undefined {
  const outcome = parseOutcome(message);
  if (outcome?.["reason"] !== "InvalidImage") return undefined;
  const text = outcome["message"];
  return {
    reason: "InvalidImage",
    message: typeof text === "string" ? text : "the image cannot run the agent",
  };
}

/** Whether the remote of a workspace was asked for the newest commit, and why not. */
export interface FetchReport {
  fetched: boolean;
  message: string;
}

/** Reads the termination message of the container that made a worktree; undefined where nothing was to be fetched. */
export function parseFetchReport(message: string): FetchReport | undefined {
  const report = parseOutcome(message);
  const fetched = report?.["fetched"];
  const text = report?.["message"];
  if (typeof fetched !== "boolean") return undefined;
  return { fetched, message: typeof text === "string" ? text : "git gave no reason" };
}

type Fields = Readonly<Record<string, unknown>>;

/** The last line that the entrypoint has written; an agent may have written lines before it. */
function parseOutcome(message: string): Fields | undefined {
  const line = message.split("\n").findLast((candidate) => candidate.startsWith('{"type":"agent-operator",'));
  if (line === undefined) return undefined;
  try {
    return asFields(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function textField<Name extends string>(name: Name, fields: Fields): { [Key in Name]?: string } {
  const value = fields[name];
  const text: { [Key in Name]?: string } = {};
  if (typeof value === "string" && value !== "") text[name] = value;
  return text;
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : 0;
}
