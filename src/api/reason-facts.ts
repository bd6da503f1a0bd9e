import type { AgentRunPhase } from "./agent-run.ts";
import type { AgentWorkspacePhase } from "./agent-workspace.ts";
import type { KindName } from "./group.ts";

/** What one reason means: the words of `status.reason` and of every condition come from this table. */
export interface ReasonFacts {
  /** Kinds whose status can carry it. */
  readonly kinds: readonly KindName[];
  /** Phases that it explains; empty: it is in conditions only. */
  readonly phases: readonly (AgentRunPhase | AgentWorkspacePhase)[];
  /** Whether the object stays as it is from here on. */
  readonly terminal: boolean;
  /** Whether the same thing done again can end otherwise. */
  readonly retryable: boolean;
  readonly meaning: string;
  /** What the user can do; empty: nothing is needed. */
  readonly remedy: string;
}

type Facts = Pick<ReasonFacts, "meaning"> & Partial<ReasonFacts>;

function facts(defaults: Omit<ReasonFacts, "meaning">, given: Facts): ReasonFacts {
  return { ...defaults, ...given };
}

/** A run that waits by itself for something that is missing. */
export function waiting(meaning: string, remedy: string, more: Partial<ReasonFacts> = {}): ReasonFacts {
  const defaults = {
    kinds: ["AgentRun"],
    phases: ["Pending"],
    terminal: false,
    retryable: false,
    remedy,
  } as const;
  return facts(defaults, { meaning, ...more });
}

/** A run on its way. */
export function underWay(
  phase: AgentRunPhase,
  meaning: string,
  more: Partial<ReasonFacts> = {},
): ReasonFacts {
  const defaults = { kinds: ["AgentRun"], terminal: false, retryable: false, remedy: "" } as const;
  return facts({ ...defaults, phases: [phase] }, { meaning, ...more });
}

/** A run that has failed. */
export function failed(meaning: string, remedy: string, more: Partial<ReasonFacts> = {}): ReasonFacts {
  const defaults = {
    kinds: ["AgentRun"],
    phases: ["Failed"],
    terminal: true,
    retryable: false,
    remedy,
  } as const;
  return facts(defaults, { meaning, ...more });
}

/** A reason that is in conditions only. */
export function condition(
  kinds: ReasonFacts["kinds"],
  meaning: string,
  remedy = "",
  more: Partial<ReasonFacts> = {},
): ReasonFacts {
  return { kinds, phases: [], terminal: false, retryable: false, meaning, remedy, ...more };
}
