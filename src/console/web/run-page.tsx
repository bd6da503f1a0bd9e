import { useEffect, useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import { REASONS } from "../../api/reasons.ts";
import type { ReasonFacts } from "../../api/reason-facts.ts";
import { timelineOf } from "../../follow/timeline.ts";
import { Actions, useAccess } from "./actions.tsx";
import { readEvents, type RunPlace } from "./api.ts";
import { Change } from "./change.tsx";
import { Manifest } from "./manifest.tsx";
import { Pods } from "./pods.tsx";
import { durationOf, rowOf, shortDuration } from "./rows.ts";
import { Hostile, Notice, Phase, SafeLink, Section } from "./text.tsx";
import { Transcript } from "./transcript.tsx";
import { useNow, useReading, useRun } from "./use-runs.ts";

/** Everything about one run. */
export function RunPage({ at, back }: { at: RunPlace; back: string }) {
  const { value: run, isListed, lost, error } = useRun(at);
  const allowed = useAccess(at.namespace);
  useEffect(() => void (document.title = `${at.name} · Agent Operator`), [at.name]);
  const mayRead = allowed?.has("read its claim") === true;
  return (
    <main class="run">
      <nav aria-label="Way back">
        <a href={back}>Runs</a> <span aria-hidden="true">/</span> <span>{at.namespace}</span>
      </nav>
      <div class="title">
        <h1>{at.name}</h1>
        {run && <Phase phase={run.status?.phase ?? "Pending"} />}
        {run && <Actions run={run} at={at} allowed={allowed} back={back} />}
      </div>
      {lost !== undefined && (
        <p class="state" role="status">
          Connection lost: {lost} What you see may be old. Trying again.
        </p>
      )}
      {error && <Notice kind="error">{error.message}</Notice>}
      {isListed && run === null && (
        <Notice>
          <p>
            There is no run {at.name} in the namespace {at.namespace}. It may have been deleted.
          </p>
          <p>
            <a href={back}>See the runs that there are</a>
          </p>
        </Notice>
      )}
      {run && (
        <div class="columns">
          <div>
            <Why run={run} />
            <Task run={run} />
            <Result run={run} />
            <Transcript run={run} at={at} mayRead={mayRead} />
            <Change run={run} at={at} mayRead={mayRead} />
            <Pods run={run} at={at} allowed={allowed} />
            <Manifest run={run} />
          </div>
          <div>
            <Facts run={run} />
            <Timeline run={run} />
            <Conditions run={run} />
            <Events run={run} at={at} />
            <Commands at={at} />
          </div>
        </div>
      )}
    </main>
  );
}

/** Why it is in its phase, and what the table of reasons says to do about it. */
function Why({ run }: { run: AgentRun }) {
  const { reason, message, phase } = run.status ?? {};
  if (reason === undefined || reason === "Completed" || phase === "Running") return null;
  const facts: ReasonFacts | undefined = Object.entries(REASONS).find(([name]) => name === reason)?.[1];
  return (
    <Notice kind="info">
      <p>
        <strong>
          <Hostile text={reason} />
        </strong>
      </p>
      <p class="lines">
        <Hostile text={message} lines />
      </p>
      {facts !== undefined && facts.remedy !== "" && <p class="muted">{facts.remedy}</p>}
    </Notice>
  );
}

function Task({ run: { spec } }: { run: AgentRun }) {
  return (
    <Section title="Task">
      {spec.prompt === undefined ? (
        <p class="muted">It comes from a Secret or ConfigMap.</p>
      ) : (
        <div class="lines task" tabIndex={0} role="group" aria-label="Task">
          <Hostile text={spec.prompt} lines />
        </div>
      )}
    </Section>
  );
}

function Result({ run: { status } }: { run: AgentRun }) {
  const { result, verification, published, outcome } = status ?? {};
  if (result?.text === undefined && verification === undefined && published === undefined && !outcome)
    return null;
  return (
    <Section title="Result">
      {result?.text !== undefined && (
        <p class="lines">
          <Hostile text={result.text} lines />
        </p>
      )}
      <dl class="facts">
        <Fact name="outcome" text={outcome} />
        <Fact name="commit" text={result?.git?.headCommit?.slice(0, 12)} />
        <Fact name="verification" text={verification && (verification.verdict ?? "under way")} />
        {published?.pullRequest && (
          <div>
            <dt>pull request</dt>
            <dd>
              <SafeLink url={published.pullRequest.url} />
            </dd>
          </div>
        )}
        <Fact name="pushed" text={published && `${published.commit.slice(0, 12)} to ${published.branch}`} />
      </dl>
      {verification?.output !== undefined && (
        <details>
          <summary>Output of the verification</summary>
          <pre tabIndex={0}>
            <Hostile text={verification.output} lines />
          </pre>
        </details>
      )}
    </Section>
  );
}

function Fact({ name, text }: { name: string; text: string | number | undefined }) {
  if (text === undefined || text === "") return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Hostile text={`${text}`} />
      </dd>
    </div>
  );
}

function Facts({ run }: { run: AgentRun }) {
  const now = useNow(1000);
  const row = rowOf(run);
  const { spec, status } = run;
  const used = status?.usage ?? status?.result;
  const tokens = used?.tokens;
  return (
    <Section title="Facts">
      <dl class="facts">
        <Fact name="agent" text={row.agent} />
        <Fact name="model" text={row.model} />
        <Fact name="provider" text={row.provider} />
        {spec.repository !== undefined && (
          <div>
            <dt>repository</dt>
            <dd>
              <SafeLink url={spec.repository.url} />
            </dd>
          </div>
        )}
        <Fact name="workspace" text={spec.workspaceRef} />
        <Fact name="branch" text={row.branch} />
        <Fact name="age" text={shortDuration(now - row.created)} />
        <Fact name="duration" text={durationOf(row, now)} />
        <Fact name="time limit" text={status?.timeout} />
        <Fact
          name="tokens"
          text={
            tokens &&
            `${tokens.input ?? 0} in, ${tokens.output ?? 0} out, ${tokens.cacheRead ?? 0} from cache`
          }
        />
        <Fact name="cost" text={used?.costUSD === undefined ? undefined : `$${used.costUSD}`} />
      </dl>
    </Section>
  );
}

function Timeline({ run }: { run: AgentRun }) {
  return (
    <Section title="Timeline">
      <ol class="timeline">
        {timelineOf(run).map(({ at, what, seconds }, index) => (
          <li key={index}>
            <Hostile text={what} />
            <time dateTime={at} title={at}>
              {index === 0 ? new Date(at).toLocaleString() : `+${shortDuration(seconds * 1000)}`}
            </time>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Conditions({ run }: { run: AgentRun }) {
  const conditions = run.status?.conditions ?? [];
  if (conditions.length === 0) return null;
  return (
    <Section title="Conditions">
      <ul class="plain">
        {conditions.map(({ type, status, reason, message }) => (
          <li key={type}>
            <strong>{type}</strong> {status} <Hostile text={reason} />
            <div class="muted clamp" title={message}>
              <Hostile text={message} />
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Read again whenever the run changes: what there is to say about it comes with that. */
function Events({ run, at }: { run: AgentRun; at: RunPlace }) {
  const { uid = "", resourceVersion } = run.metadata;
  const { value: events = [], error } = useReading(
    (signal) => readEvents(at, uid, signal),
    [uid, resourceVersion],
  );
  if (events.length === 0 && error === "") return null;
  return (
    <Section title="Events">
      {error !== "" && <p class="muted">{error}</p>}
      <ul class="plain">
        {events.map(({ metadata, type, reason, note, eventTime }) => (
          <li key={metadata.uid} class={type === "Warning" ? "warning" : undefined}>
            <strong>
              <Hostile text={reason} />
            </strong>{" "}
            <time dateTime={eventTime}>{eventTime?.slice(11, 19)}</time>
            <div class="muted clamp" title={note}>
              <Hostile text={note} />
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The same in a shell. */
function Commands({ at: { namespace, name } }: { at: RunPlace }) {
  const [copied, setCopied] = useState("");
  return (
    <Section title="In a shell">
      <ul class="plain commands">
        {["show", "logs -f", "diff", "pull"].map((word) => {
          const command = `agent-operator ${word} ${name} -n ${namespace}`;
          return (
            <li key={word}>
              <code>{command}</code>
              <button
                type="button"
                class="quiet"
                aria-label={`Copy ${command}`}
                onClick={() => void navigator.clipboard.writeText(command).then(() => setCopied(word))}
              >
                {copied === word ? "Copied" : "Copy"}
              </button>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
