import { asObject, type JsonObject } from "../../kube/json.ts";

/** What the entrypoint reports when the agent has ended: git's facts, as `status.result.git` has them. */
export interface GitReport {
  /** Absent on a detached HEAD. */
  branch?: string;
  /** Absent if the repository had no commit yet. */
  baseCommit?: string;
  headCommit?: string;
  /** Since the base, on every branch of the run's. What follows is absent if git could not find it out. */
  commits?: number;
  /** Branches with commits that are not on the one that is checked out. */
  branches?: { name: string; commit: string; commits: number }[];
  /** From the base to the files as they are, uncommitted ones included. */
  filesChanged?: number;
  insertions?: number;
  deletions?: number;
  uncommittedChanges?: boolean;
  /** What the patch lacks: the first paths, and how many there are. */
  leftOut?: string[];
  leftOutCount?: number;
}

/** What has changed in a repository beside the run's own; without numbers it is unknown. */
export interface RepositoryReport {
  name: string;
  filesChanged?: number;
  insertions?: number;
  deletions?: number;
  leftOutCount?: number;
}

/** What the entrypoint found wrong with the image before it started the agent. */
export interface InvalidImage {
  reason: "InvalidImage";
  message: string;
}

/** Reads the agent container's termination message; undefined when it is not the entrypoint's or git was not there. */
export function parseGitReport(message: string): GitReport | undefined {
  const outcome = parseOutcome(message);
  const git = asObject(outcome?.["git"]);
  if (!git) return undefined;
  return {
    ...textField("branch", git),
    ...textField("baseCommit", git),
    ...textField("headCommit", git),
    ...countField("commits", git),
    ...branchesOf(git["branches"]),
    ...countField("filesChanged", git),
    ...countField("insertions", git),
    ...countField("deletions", git),
    ...(typeof git["uncommittedChanges"] === "boolean"
      ? { uncommittedChanges: git["uncommittedChanges"] }
      : {}),
    ...leftOutOf(git),
  };
}

/** Reads of the same message what has changed in the repositories beside the run's own; undefined if nothing has. */
export function parseRepositoryReports(
  message: string,
  known: readonly string[],
): RepositoryReport[] | undefined {
  const told: unknown = parseOutcome(message)?.["repositories"];
  const reports = (Array.isArray(told) ? told : []).flatMap((entry: unknown): RepositoryReport[] => {
    const [name, filesChanged, insertions, deletions, leftOutCount] = Array.isArray(entry)
      ? (entry as unknown[])
      : [];
    if (typeof name !== "string" || !known.includes(name)) return [];
    const numbers = { filesChanged, insertions, deletions, leftOutCount };
    return [
      {
        name,
        ...countField("filesChanged", numbers),
        ...countField("insertions", numbers),
        ...countField("deletions", numbers),
        ...(leftOutCount === 0 ? {} : countField("leftOutCount", numbers)),
      },
    ];
  });
  return reports.length === 0 ? undefined : reports.slice(0, known.length);
}

/** Whether the entrypoint has stopped the agent because it did nothing any more. */
export function wasStalled(message: string): boolean {
  return parseOutcome(message)?.["stalled"] === true;
}

/**
 * The last lines by which the agent itself says how it ended, with long texts cut; undefined if it said nothing, or the
 * entrypoint was killed. For `parseOutput`, beside or in place of the log.
 */
export function lastWordsIn(message: string): string | undefined {
  const said = parseOutcome(message)?.["said"];
  return typeof said === "string" && said !== "" ? said : undefined;
}

/** Reads the agent container's termination message; undefined unless the image could not run the agent. */
export function parseInvalidImage(message: string): InvalidImage | undefined {
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

/** Reads the termination message of the container that made a worktree; undefined if nothing was to be fetched. */
export function parseFetchReport(message: string): FetchReport | undefined {
  const report = parseOutcome(message);
  const fetched = report?.["fetched"];
  const text = report?.["message"];
  if (typeof fetched !== "boolean") return undefined;
  return { fetched, message: typeof text === "string" ? text : "git gave no reason" };
}

/** The last line that the entrypoint has written; an agent may have written lines before it. */
export function parseOutcome(message: string): JsonObject | undefined {
  const line = message.split("\n").findLast((candidate) => candidate.startsWith('{"type":"agent-operator",'));
  if (line === undefined) return undefined;
  try {
    return asObject(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function textField<Name extends string>(name: Name, fields: JsonObject): { [Key in Name]?: string } {
  const value = fields[name];
  const text: { [Key in Name]?: string } = {};
  if (typeof value === "string" && value !== "") text[name] = value;
  return text;
}

function countField<Name extends string>(
  name: Name,
  fields: Readonly<Record<string, unknown>>,
): { [Key in Name]?: number } {
  const value = fields[name];
  const count: { [Key in Name]?: number } = {};
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) count[name] = value;
  return count;
}

function branchesOf(value: unknown): Pick<GitReport, "branches"> {
  if (!Array.isArray(value)) return {};
  const branches = value.flatMap((entry) => {
    const fields = asObject(entry) ?? {};
    const { name, commit } = { ...textField("name", fields), ...textField("commit", fields) };
    const { commits } = countField("commits", fields);
    return name === undefined || commit === undefined || commits === undefined
      ? []
      : [{ name, commit, commits }];
  });
  return branches.length === 0 ? {} : { branches };
}

function leftOutOf(git: JsonObject): Pick<GitReport, "leftOut" | "leftOutCount"> {
  const value = git["leftOut"];
  const paths = Array.isArray(value) ? value.filter((path) => typeof path === "string") : [];
  return paths.length === 0
    ? {}
    : { leftOut: paths, leftOutCount: paths.length, ...countField("leftOutCount", git) };
}
