import type { AgentRun } from "../../api/agent-run.ts";
import { printableLine } from "../../kube/printable.ts";
import { isFinished } from "../../plan/agent-run/status.ts";

/** What the table keeps of a run: of 5,000 whole objects it would keep many times as much. */
export interface Row {
  /** `namespace/name` */
  key: string;
  namespace: string;
  name: string;
  phase: string;
  reason: string;
  message: string;
  agent: string;
  provider: string;
  model: string;
  branch: string;
  /** In ms since 1970. */
  created: number;
  started: number | undefined;
  ended: number | undefined;
  isFinished: boolean;
  cost: string;
  /** All that were counted: in, out, from and into the cache. */
  tokens: number;
  workspace: string;
  verified: string;
  /** Where people see it, and its number. */
  pullRequest: { url: string; number: number } | undefined;
  /** `name=value`, as selectors have them. */
  labels: readonly string[];
  task: string;
}

/** What the user looks for; the address holds it. */
export interface Filter {
  text: string;
  phase: string;
  agent: string;
  provider: string;
  /** As selectors of equality have it: `name`, `name=value`, `name!=value`, `!name`, with commas between them. */
  label: string;
}

const LONGEST_TEXT = 300;

/** A run as a row. What agents and repositories wrote is in it as plain lines. */
export function rowOf(run: AgentRun): Row {
  const { metadata, spec, status } = run;
  const line = (text: string | undefined): string => printableLine((text ?? "").slice(0, LONGEST_TEXT));
  const namespace = metadata.namespace ?? "";
  const name = metadata.name ?? "";
  const started = Date.parse(status?.startTime ?? "");
  const ended = Date.parse(status?.completionTime ?? "");
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    phase: status?.phase ?? "Pending",
    reason: line(status?.reason),
    message: line(status?.message),
    agent: line(status?.agent ?? spec.agent),
    provider: line(status?.provider ?? spec.providerRef),
    model: line(status?.model ?? spec.model),
    branch: line(status?.branch),
    created: Date.parse(metadata.creationTimestamp ?? ""),
    started: Number.isNaN(started) ? undefined : started,
    ended: Number.isNaN(ended) ? undefined : ended,
    isFinished: isFinished(run),
    cost: line(status?.usage?.costUSD ?? status?.result?.costUSD),
    tokens: Object.values(status?.usage?.tokens ?? status?.result?.tokens ?? {}).reduce(
      (sum, count) => sum + (Number(count) || 0),
      0,
    ),
    workspace: line(spec.workspaceRef),
    verified: status?.verification?.verdict ?? "",
    pullRequest: status?.published?.pullRequest,
    labels: Object.entries(metadata.labels ?? {}).map(([label, value]) => `${label}=${value}`),
    task: line(spec.prompt),
  };
}

/** The rows that the filter lets through, newest first. */
export function filterRows(rows: Iterable<Row>, { text, phase, agent, provider, label }: Filter): Row[] {
  const terms = label
    .split(",")
    .map((term) => term.trim())
    .filter(Boolean);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const isWanted = (row: Row): boolean =>
    (phase === "" || row.phase === phase) &&
    (agent === "" || row.agent === agent) &&
    (provider === "" || row.provider === provider) &&
    terms.every((term) => hasLabel(row.labels, term)) &&
    words.every((word) => searched(row).includes(word));
  return [...rows].filter(isWanted).sort((a, b) => b.created - a.created || a.key.localeCompare(b.key));
}

function hasLabel(labels: readonly string[], term: string): boolean {
  const [, not, name, operator = "", value = ""] = /^(!?)([^=!]+)(?:(!?=)=?(.*))?$/.exec(term) ?? [];
  if (name === undefined) return false;
  if (operator === "") return labels.some((each) => each.startsWith(`${name.trim()}=`)) === (not === "");
  return labels.includes(`${name.trim()}=${value.trim()}`) === (operator === "=");
}

function searched({ key, reason, message, agent, model, branch, task }: Row): string {
  return `${key} ${reason} ${message} ${agent} ${model} ${branch} ${task}`.toLowerCase();
}

/** `42s`, `7m`, `3h`, `12d`: as short as kubectl says it. */
export function shortDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (Number.isNaN(seconds)) return "";
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** How long the run has been at it, or was; empty before its Job exists. */
export function durationOf({ started, ended, isFinished: hasEnded }: Row, now: number): string {
  if (started === undefined || (hasEnded && ended === undefined)) return "";
  return shortDuration((ended ?? now) - started);
}
