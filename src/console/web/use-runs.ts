import { useEffect, useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import type { RunPlace } from "./api.ts";
import { rowOf, type Row } from "./rows.ts";
import { watchRuns, type RunsListener, type Watched } from "./watch.ts";

/** Changes within this time are drawn together. */
const DRAW_MS = 60;
/** A tab that nobody sees for so long gives its connection back: a browser has few for one server. */
const HIDDEN_MS = 15_000;

/** What a watch has shown so far. */
export interface Live<T> {
  value: T;
  /** Whether the first list is complete. */
  isListed: boolean;
  /** Why the connection is lost, while it is. */
  lost: string | undefined;
  /** What trying again cannot mend. */
  error: Error | undefined;
}

/** The runs of a namespace, or of all, as rows that change as they do. */
export function useRuns(namespace: string | undefined): Live<ReadonlyMap<string, Row>> {
  return useWatch<ReadonlyMap<string, Row>>({ namespace }, new Map(), (draw) => {
    const rows = new Map<string, Row>();
    let unnamed = new Set<string>();
    return {
      listing: () => void (unnamed = new Set(rows.keys())),
      upsert(run) {
        const row = rowOf(run);
        rows.set(row.key, row);
        unnamed.delete(row.key);
        draw(rows);
      },
      removed(run) {
        rows.delete(rowOf(run).key);
        draw(rows);
      },
      synced() {
        for (const key of unnamed) rows.delete(key);
        draw(rows);
      },
    };
  });
}

/** One run as it changes; null once it does not exist (any more). */
export function useRun({ namespace, name }: RunPlace): Live<AgentRun | null> {
  return useWatch<AgentRun | null>({ namespace, name }, null, (draw) => {
    let found: AgentRun | null = null;
    return {
      listing: () => void (found = null),
      upsert(run) {
        found = run;
        draw(run);
      },
      removed: () => draw(null),
      synced: () => draw(found),
    };
  });
}

type Collector = Omit<RunsListener, "connection">;

function useWatch<T>(
  { namespace, name }: Watched,
  empty: T,
  collect: (draw: (value: T) => void) => Collector,
): Live<T> {
  const initial: Live<T> = { value: empty, isListed: false, lost: undefined, error: undefined };
  const [live, setLive] = useState(initial);
  const isSeen = useIsSeen();
  useEffect(() => setLive(initial), [namespace, name]);
  useEffect(() => {
    if (!isSeen) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let next: Partial<Live<T>> = {};
    const change = (part: Partial<Live<T>>): void => {
      next = { ...next, ...part };
      timer ??= setTimeout(() => {
        timer = undefined;
        const drawn = next;
        next = {};
        setLive((before) => ({ ...before, ...drawn }));
      }, DRAW_MS);
    };
    const collector = collect((value) => change({ value }));
    const listener: RunsListener = {
      ...collector,
      synced() {
        collector.synced();
        change({ isListed: true });
      },
      connection: (lost) => change({ lost }),
    };
    watchRuns({ namespace, ...(name === undefined ? {} : { name }) }, listener, stop.signal).catch(
      (error: unknown) => {
        if (!stop.signal.aborted)
          change({ error: error instanceof Error ? error : new Error(String(error)) });
      },
    );
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [namespace, name, isSeen]);
  return live;
}

function useIsSeen(): boolean {
  const [isSeen, setSeen] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => setSeen(false), HIDDEN_MS);
      else setSeen(true);
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return isSeen;
}

/** The time, anew after each of these pauses. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
