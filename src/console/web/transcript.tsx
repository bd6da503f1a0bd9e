import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { agentNamed } from "../../agents/registry.ts";
import type { Agent } from "../../agents/agent.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { AGENT_CONTAINER } from "../../plan/specs/names.ts";
import { fetchArtifact, type RunPlace } from "./api.ts";
import { ClaimButton } from "./claim-button.tsx";
import { followLog } from "./container-log.ts";
import { DiffTable } from "./diff-table.tsx";
import { Notice, Section } from "./text.tsx";
import { createCollector, type Entries, type Entry } from "./transcript-entries.ts";

/** An edit with more lines is closed at first. */
const OPEN_EDIT_LINES = 24;
const DRAW_MS = 80;

type State = "waiting" | "live" | "ended" | "gone" | "failed";

interface Shown extends Entries {
  state: State;
  message: string;
}

const NOTHING: Shown = { entries: [], dropped: 0, outputs: 0, state: "waiting", message: "" };

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
      <EntryList shown={shown} />
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

function EntryList({ shown }: { shown: Shown }) {
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

const KIND_WORDS = { text: "says", tool: "does", retry: "waits", thinking: "thinks" } as const;

/** The element of an entry that has not changed is the same one, so that nothing of it is compared. */
function EntryItem({ entry }: { entry: Entry }) {
  return useMemo(
    () => (
      <li class={`entry entry-${entry.kind}`}>
        <span class="entry-kind">{KIND_WORDS[entry.kind]}</span>
        <EntryBody entry={entry} />
      </li>
    ),
    [entry],
  );
}

function EntryBody({ entry }: { entry: Entry }) {
  const { kind, text, times } = entry;
  if (kind === "tool") return <Tool entry={entry} />;
  if (kind === "thinking") return <Folded text={text} />;
  return (
    <pre>
      <bdi>{text}</bdi>
      {times > 1 && <span class="muted"> ×{times}</span>}
    </pre>
  );
}

/** What it does in one line; behind it what it was given, what that changes, and what came of it. */
function Tool({ entry: { text, given = "", edits = [], output } }: { entry: Entry }) {
  const size = edits.reduce((sum, { lines }) => sum + lines.length, 0);
  return (
    <details open={size > 0 && size <= OPEN_EDIT_LINES}>
      <summary>
        <bdi>{firstLine(text)}</bdi> <Ended output={output} size={size} />
      </summary>
      {edits.map((edit, index) => (
        <DiffTable key={index} label={`Edit ${index + 1}`} path={edit.path} lines={edit.lines} />
      ))}
      {edits.length === 0 && given !== "" && (
        <pre class="given">
          <bdi>{given}</bdi>
        </pre>
      )}
      {output !== undefined && output.text !== "" && (output.failed || edits.length === 0) && (
        <pre class={output.failed ? "output failed" : "output"}>
          <bdi>{output.text}</bdi>
        </pre>
      )}
    </details>
  );
}

function Ended({ output, size }: { output: Entry["output"]; size: number }) {
  if (output === undefined) return <span class="muted">…</span>;
  if (output.failed) return <span class="removed">failed</span>;
  const lines = output.text === "" ? 0 : output.text.split("\n").length;
  return size > 0 || lines === 0 ? null : (
    <span class="muted">{lines === 1 ? "1 line" : `${lines} lines`}</span>
  );
}

function Folded({ text }: { text: string }) {
  return (
    <details>
      <summary>
        <bdi>{firstLine(text)}</bdi>
      </summary>
      <pre>
        <bdi>{text}</bdi>
      </pre>
    </details>
  );
}

function firstLine(text: string): string {
  const [line = "", ...more] = text.split("\n");
  return more.length === 0 ? line : `${line} …`;
}

/** Reads the log to its end; until one that is read again has caught up, the screen shows what it has. */
async function listen(
  pod: { namespace: string; podName: string },
  agent: Agent,
  hasEnded: () => boolean,
  show: (change: (before: Shown) => Shown) => void,
  signal: AbortSignal,
): Promise<void> {
  show(() => NOTHING);
  let collector = createCollector(agent);
  let drawn = "";
  const timer = setInterval(() => {
    const now = collector.now();
    const last = now.entries.at(-1);
    const state = `${now.dropped} ${now.entries.length} ${last?.id} ${now.outputs}`;
    if (state === drawn) return;
    drawn = state;
    show((before) =>
      before.entries.length > now.entries.length ? before : { ...before, ...now, state: "live" },
    );
  }, DRAW_MS);
  try {
    const at = { namespace: pod.namespace, pod: pod.podName, container: AGENT_CONTAINER };
    const end = await followLog(at, () => (collector = createCollector(agent)), hasEnded, signal);
    if (end === "gone") show((before) => ({ ...before, state: "gone", message: "" }));
    if (end === "ended") show(() => ({ ...collector.end(), state: "ended", message: "" }));
  } catch (error) {
    show((before) => ({ ...before, state: "failed", message: messageOf(error) }));
  } finally {
    clearInterval(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
