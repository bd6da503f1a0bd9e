import { createHash } from "node:crypto";
import packageInfo from "../../package.json" with { type: "json" };
import { OPERATOR_NAME } from "../api/labels.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { traceOf } from "../plan/run-trace.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import type { Log } from "../runtime/log.ts";
import type { Reflector } from "../client/cache/reflector.ts";

export interface RunTracesOptions {
  runs: Pick<Reflector<AgentRun>, "onChange">;
  /** Base URL of an OTLP/HTTP receiver, such as `http://collector:4318`. */
  endpoint: string;
  /** Of several replicas one reports. */
  isLeading: () => boolean;
  log: Log;
}

/** An OTLP span in its JSON form. Source: opentelemetry-proto, trace/v1. */
export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: { stringValue: string } }[];
  status: { code: number; message?: string };
}

const COLLECT_MS = 500;
const SEND_LIMIT_MS = 5_000;
const MOST_WAITING = 1_000;
const SPAN_KIND_INTERNAL = 1;
const STATUS_UNSET = 0;
const STATUS_OK = 1;
const STATUS_ERROR = 2;

/**
 * Sends the spans of each run that ends while this process leads. A receiver that does not answer loses
 * them: traces never hold up a run.
 */
export function traceRuns(options: RunTracesOptions): { stop(): Promise<void> } {
  const { runs, endpoint, isLeading, log } = options;
  let waiting: Span[] = [];
  let timer: NodeJS.Timeout | undefined;

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const spans = waiting;
    waiting = [];
    if (spans.length > 0) await send(endpoint, spans, log);
  };
  const unsubscribe = runs.onChange(({ old, new: run }) => {
    if (!old || !run || isFinished(old) || !isFinished(run) || !isLeading()) return;
    waiting = [...waiting, ...spansOf(run)].slice(-MOST_WAITING);
    timer ??= setTimeout(() => void flush(), COLLECT_MS);
  });
  return {
    stop: async () => {
      unsubscribe();
      await flush();
    },
  };
}

/** One span for the whole of a finished run and one below it for each phase that it went through. */
export function spansOf({ metadata, status }: AgentRun): Span[] {
  const end = status?.completionTime;
  const begin = metadata.creationTimestamp;
  if (end === undefined || begin === undefined) return [];
  const uid = metadata.uid ?? "";
  const trace = traceOf(uid);
  if (trace === undefined) return [];
  const { phase = "", reason = "", message = "", startTime, startedAt } = status ?? {};
  const attributes = Object.entries({
    "k8s.namespace.name": metadata.namespace,
    "agent.run.name": metadata.name,
    "agent.run.phase": phase,
    "agent.run.reason": reason,
    "agent.run.agent": status?.agent,
    "agent.run.provider": status?.provider,
    "agent.run.model": status?.model,
    "agent.run.outcome": status?.outcome,
  }).flatMap(([key, value]) => (value ? [{ key, value: { stringValue: value } }] : []));
  const span = (name: string, from: string, to: string): Span => ({
    traceId: trace.traceId,
    spanId: hash(`${uid}/${name}`),
    name,
    kind: SPAN_KIND_INTERNAL,
    startTimeUnixNano: nanoseconds(from),
    endTimeUnixNano: nanoseconds(to),
    attributes,
    status: { code: STATUS_UNSET },
  });
  const succeeded = phase === "Succeeded";
  const root: Span = {
    ...span("AgentRun", begin, end),
    spanId: trace.spanId,
    status: succeeded ? { code: STATUS_OK } : { code: STATUS_ERROR, message: `${reason}: ${message}` },
  };
  const phases: [name: string, from: string | undefined, to: string][] = [
    ["Pending", begin, startTime ?? end],
    ["Initializing", startTime, startedAt ?? end],
    ["Running", startedAt, end],
  ];
  const children = phases.flatMap(([name, from, to]) =>
    from === undefined ? [] : [{ ...span(name, from, to), parentSpanId: root.spanId }],
  );
  return [root, ...children];
}

async function send(endpoint: string, spans: Span[], log: Log): Promise<void> {
  const attributes = [{ key: "service.name", value: { stringValue: OPERATOR_NAME } }];
  const scope = { name: OPERATOR_NAME, version: packageInfo.version };
  const body = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope, spans }] }] };
  try {
    const response = await fetch(`${endpoint.replace(/\/$/, "")}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(SEND_LIMIT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) log.warn({ endpoint, status: response.status }, "the receiver refused the traces");
  } catch (error) {
    log.warn({ error, endpoint, spans: spans.length }, "traces could not be sent and are lost");
  }
}

/** Deterministic: a phase is the same span, from any replica. */
function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function nanoseconds(time: string): string {
  return `${BigInt(Date.parse(time)) * 1_000_000n}`;
}
