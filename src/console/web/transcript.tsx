import { useEffect, useRef, useState } from "preact/hooks";
import { agentNamed } from "../../agents/registry.ts";
import type { Activity, Agent } from "../../agents/agent.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import { createTranscript } from "../../follow/transcript.ts";
import { printable } from "../../kube/printable.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { CallError, fetchArtifact, readLog, type RunPlace } from "./api.ts";
import { ClaimButton } from "./claim-button.tsx";
import { linesOf } from "./lines.ts";
import { Notice, Section } from "./text.tsx";

/** What is kept on the screen; a page that holds everything that an agent can write would end in no memory. */
const [MAX_ENTRIES, MAX_TEXT] = [2000, 20_000];
/** More lines of one entry are folded. */
const FOLDED_LINES = 6;
const DRAW_MS = 80;
const AGAIN_MS = 1500;

interface Entry extends Pick<Activity, "kind" | "text" | "cause"> {
  id: number;
  /** How often a retry for the same cause has come. */
  times: number;
}

type State = "waiting" | "live" | "ended" | "gone" | "failed";

interface Shown {
  entries: readonly Entry[];
  dropped: number;
  state: State;
  message: string;
}

const NOTHING: Shown = { entries: [], dropped: 0, state: "waiting", message: "" };

/** What the agent says and does, as it happens; once its pod is gone, from its claim after a click. */
export function Transcript({ run, at, mayRead }: { run: AgentRun; at: RunPlace; mayRead: boolean }) {
  const [shown, setShown] = useState(NOTHING);
  const [isFetching, setFetching] = useState(false);
  const agent = agentNamed(run.status?.agent ?? run.spec.agent ?? "");
  const podName = run.status?.startedAt === undefined ? undefined : run.status.podName;
  const hasEnded = useRef(false);
  hasEnded.current = isFinished(run);
  useEffect(() => {
    if (agent === undefined || podName === undefined) return undefined;
    const stop = new AbortController();
    void listen({ namespace: at.namespace, podName }, agent, () => hasEnded.current, setShown, stop.signal);
    return () => stop.abort();
  }, [agent, podName, at.namespace]);
  const fetchLog = async (): Promise<void> => {
    if (agent === undefined) return;
    setFetching(true);
    const collector = createCollector(agent);
    try {
      const { text } = await fetchArtifact(at, "log", new AbortController().signal);
      for (const line of text.split("\n")) collector.push(line);
      setShown({ ...collector.end(), state: "ended", message: "" });
    } catch (error) {
      setShown({ ...NOTHING, state: "failed", message: messageOf(error) });
    }
    setFetching(false);
  };
  return (
    <Section title="Transcript" aside={shown.state === "live" && <span class="live">live</span>}>
      <Entries shown={shown} />
      <Hint run={run} shown={shown} />
      {isFinished(run) && (shown.state === "gone" || shown.state === "failed") && (
        <ClaimButton
          label="Read it from the run’s claim"
          isReading={isFetching}
          mayRead={mayRead}
          read={fetchLog}
        />
      )}
    </Section>
  );
}

function Hint({ run, shown }: { run: AgentRun; shown: Shown }) {
  if (shown.state === "failed") return <Notice kind="error">{shown.message}</Notice>;
  if (shown.state === "gone") return <p class="muted">The pod of this run is gone, and its log with it.</p>;
  if (shown.entries.length > 0) return null;
  if (run.status?.startedAt === undefined)
    return (
      <p class="muted">
        {isFinished(run)
          ? "The agent has not started."
          : "The agent has not started yet. What it says comes here by itself."}
      </p>
    );
  return <p class="muted">{shown.state === "ended" ? "The agent has said nothing." : "Nothing said yet."}</p>;
}

function Entries({ shown }: { shown: Shown }) {
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    const { current } = list;
    if (current && isAtEnd.current && shown.state === "live") current.scrollTop = current.scrollHeight;
  }, [shown]);
  if (shown.entries.length === 0) return null;
  return (
    <>
      {shown.dropped > 0 && (
        <p class="muted">
          {shown.dropped} earlier entries are not shown. `agent-operator logs` prints them all.
        </p>
      )}
      <ol
        class="transcript"
        ref={list}
        tabIndex={0}
        aria-label="What the agent says and does"
        onScroll={({ currentTarget }) => {
          const { scrollTop, scrollHeight, clientHeight } = currentTarget;
          isAtEnd.current = scrollTop + clientHeight > scrollHeight - 24;
        }}
      >
        {shown.entries.map((entry) => (
          <EntryItem key={entry.id} entry={entry} />
        ))}
      </ol>
    </>
  );
}

const KIND_WORDS = { text: "says", tool: "does", retry: "waits" } as const;

function EntryItem({ entry: { kind, text, times } }: { entry: Entry }) {
  const lines = text.split("\n");
  const isLong = kind === "tool" && lines.length > FOLDED_LINES;
  return (
    <li class={`entry entry-${kind}`}>
      <span class="entry-kind">{KIND_WORDS[kind]}</span>
      {isLong ? (
        <details>
          <summary>
            <bdi>{lines[0]}</bdi> <span class="muted">and {lines.length - 1} more lines</span>
          </summary>
          <pre>
            <bdi>{text}</bdi>
          </pre>
        </details>
      ) : (
        <pre>
          <bdi>{text}</bdi>
          {times > 1 && <span class="muted"> ×{times}</span>}
        </pre>
      )}
    </li>
  );
}

interface Collector {
  push(line: string): void;
  now(): Pick<Shown, "entries" | "dropped">;
  end(): Pick<Shown, "entries" | "dropped">;
}

function createCollector(agent: Agent): Collector {
  const entries: Entry[] = [];
  let next = 0;
  let dropped = 0;
  const transcript = createTranscript(agent, ({ kind, text, cause }) => {
    const last = entries.at(-1);
    const isAgain = kind === "retry" && last?.kind === "retry" && last.cause === cause;
    if (isAgain) entries.pop();
    const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}\n…` : text;
    entries.push({
      kind,
      text: printable(cut),
      ...(cause === undefined ? {} : { cause }),
      id: next++,
      times: isAgain ? last.times + 1 : 1,
    });
    if (entries.length > MAX_ENTRIES) dropped += entries.splice(0, entries.length - MAX_ENTRIES).length;
  });
  const now = (): Pick<Shown, "entries" | "dropped"> => ({ entries: [...entries], dropped });
  return {
    push: transcript.push,
    now,
    end() {
      transcript.end();
      return now();
    },
  };
}

/** Reads the log to its end; from its beginning again if it breaks off while the run goes on. */
async function listen(
  pod: { namespace: string; podName: string },
  agent: Agent,
  hasEnded: () => boolean,
  show: (change: (before: Shown) => Shown) => void,
  signal: AbortSignal,
): Promise<void> {
  show(() => NOTHING);
  while (!signal.aborted) {
    const collector = createCollector(agent);
    const timer = setInterval(() => {
      const now = collector.now();
      // Until a log that is read again has caught up, the screen shows what it has.
      show((before) =>
        before.entries.length > now.entries.length ? before : { ...before, ...now, state: "live" },
      );
    }, DRAW_MS);
    try {
      const { body } = await readLog(pod, { follow: true, signal });
      if (body) for await (const line of linesOf(body)) collector.push(line);
      show(() => ({ ...collector.end(), state: "ended", message: "" }));
      return;
    } catch (error) {
      if (signal.aborted) return;
      const code = error instanceof CallError ? error.code : 0;
      if (code === 404) return show((before) => ({ ...before, state: "gone", message: "" }));
      if (hasEnded() || code === 403)
        return show((before) => ({ ...before, state: "failed", message: messageOf(error) }));
    } finally {
      clearInterval(timer);
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
