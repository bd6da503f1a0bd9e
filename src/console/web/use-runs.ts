import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import { agentRuns } from "../../api/resources.ts";
import { pods, type Pod } from "../../kube/builtin.ts";
import { keyOf, type KubeObject } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resources.ts";
import type { RunPlace } from "./api.ts";
import { rowOf, type Row } from "./rows.ts";
import { watchObjects, type ObjectsListener, type Watched } from "./watch.ts";

/** Changes within this time are drawn together. While a long list is read, drawing it takes time from the reading. */
const [DRAW_MS, LISTING_DRAW_MS] = [60, 250];
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
  return useMapped(agentRuns, namespace, rowOf);
}

/** The objects of a kind in a namespace, or in all, by `namespace/name`, as they change. */
export function useObjects<T extends KubeObject>(
  type: ResourceType<T>,
  namespace: string | undefined,
): Live<ReadonlyMap<string, T>> {
  return useMapped(type, namespace, (object) => object);
}

/** The pods of a run, as they change. */
export function usePods({ namespace, name }: RunPlace): Live<ReadonlyMap<string, Pod>> {
  return useMapped(pods, namespace, (pod) => pod, name);
}

/** What `read` resolves to, read anew whenever one of `causes` changes; and why the last one failed. */
export function useReading<T>(
  read: (signal: AbortSignal) => Promise<T>,
  causes: readonly unknown[],
): { value: T | undefined; error: string } {
  const [state, setState] = useState<{ value: T | undefined; error: string }>({
    value: undefined,
    error: "",
  });
  useEffect(() => {
    const stop = new AbortController();
    read(stop.signal).then(
      (value) => setState({ value, error: "" }),
      (failed: Error) => {
        if (!stop.signal.aborted) setState(({ value }) => ({ value, error: failed.message }));
      },
    );
    return () => stop.abort();
  }, causes);
  return state;
}

/** What is kept of each object; whole ones would be many times as much. */
function useMapped<T extends KubeObject, Kept>(
  type: ResourceType<T>,
  namespace: string | undefined,
  keep: (object: T) => Kept,
  run?: string,
): Live<ReadonlyMap<string, Kept>> {
  const watched = { type, namespace, ...(run === undefined ? {} : { run }) };
  return useWatch<T, ReadonlyMap<string, Kept>>(watched, new Map(), (draw) => {
    const kept = new Map<string, Kept>();
    let unnamed = new Set<string>();
    return {
      listing: () => void (unnamed = new Set(kept.keys())),
      upsert(object) {
        const key = keyOf(object);
        kept.set(key, keep(object));
        unnamed.delete(key);
        draw(kept);
      },
      removed(object) {
        kept.delete(keyOf(object));
        draw(kept);
      },
      synced() {
        for (const key of unnamed) kept.delete(key);
        draw(kept);
      },
    };
  });
}

/** One run as it changes; null once it does not exist (any more). */
export function useRun({ namespace, name }: RunPlace): Live<AgentRun | null> {
  return useWatch<AgentRun, AgentRun | null>({ type: agentRuns, namespace, name }, null, (draw) => {
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

type Collector<T> = Omit<ObjectsListener<T>, "connection">;

function useWatch<T extends KubeObject, Value>(
  watched: Watched<T>,
  empty: Value,
  collect: (draw: (value: Value) => void) => Collector<T>,
): Live<Value> {
  const initial: Live<Value> = { value: empty, isListed: false, lost: undefined, error: undefined };
  const [live, setLive] = useState(initial);
  const { type, namespace, name, run } = watched;
  const isSeen = useIsSeen();
  // Before the watch begins: later it would take back what that has shown.
  useLayoutEffect(() => setLive(initial), [type, namespace, name, run]);
  // Not after the page is painted: what it shows is what this asks for.
  useLayoutEffect(() => {
    if (!isSeen) return undefined;
    const stop = new AbortController();
    const drawing = createDrawing<Live<Value>>((drawn) => setLive((before) => ({ ...before, ...drawn })));
    const { change } = drawing;
    const collector = collect((value) => change({ value }));
    const listener: ObjectsListener<T> = {
      ...collector,
      synced() {
        collector.synced();
        change({ isListed: true });
        drawing.hasAll();
      },
      connection: (lost) => change({ lost }),
    };
    watchObjects(watched, listener, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) change({ error: error instanceof Error ? error : new Error(String(error)) });
    });
    return () => {
      stop.abort();
      drawing.stop();
    };
  }, [type, namespace, name, run, isSeen]);
  return live;
}

/** Draws the first changes at once, and later ones together. */
function createDrawing<T>(draw: (drawn: Partial<T>) => void): {
  change(part: Partial<T>): void;
  /** The list is complete: draws what is left of it at once, and from now on soon. */
  hasAll(): void;
  stop(): void;
} {
  let pause = 0;
  let later = LISTING_DRAW_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let next: Partial<T> = {};
  const drawNext = (): void => {
    timer = undefined;
    pause = later;
    const drawn = next;
    next = {};
    draw(drawn);
  };
  return {
    change(part) {
      next = { ...next, ...part };
      timer ??= setTimeout(drawNext, pause);
    },
    hasAll() {
      later = DRAW_MS;
      clearTimeout(timer);
      timer = setTimeout(drawNext);
    },
    stop: () => clearTimeout(timer),
  };
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
