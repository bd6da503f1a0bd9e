import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Transport } from "../../src/client/transport.ts";

/** One recorded request and its answer; see test/fixtures/kubernetes/README.md. */
export interface Step {
  name: string;
  waitMs?: number;
  request?: {
    method: string;
    path: string;
    accept?: string;
    contentType?: string;
    body?: unknown;
    rawBody?: string;
    headers?: Record<string, string>;
    /** Set for a watch: how long it was open. */
    ms?: number;
  };
  response?: { status: number; contentType?: string; warning?: string; body?: unknown };
  /** What the watch that was opened before has delivered. */
  events?: { status: number; events: unknown[] };
}

export interface Answer {
  status: number;
  contentType: string;
  warning: string;
  body: unknown;
}

/** The file of a scenario. */
export function scenarioFile(name: string): URL {
  return new URL(`../fixtures/kubernetes/${name}.json`, import.meta.url);
}

export async function readScenario(name: string): Promise<Step[]> {
  return (JSON.parse(await readFile(scenarioFile(name), "utf8")) as { steps: Step[] }).steps;
}

/** Fills `{{ns}}` and `{{step:a.b}}` in. */
export function fill(text: string, namespace: string, answers: ReadonlyMap<string, Answer>): string {
  return text
    .replaceAll("{{ns}}", namespace)
    .replace(/\{\{([^:}]+):([^}]+)\}\}/g, (_, step: string, path: string) => {
      let value: unknown = answers.get(step)?.body;
      for (const part of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[part];
      return String(value);
    });
}

export async function send(
  transport: Transport,
  request: NonNullable<Step["request"]>,
  signal?: AbortSignal,
) {
  const headers: Record<string, string> = { ...request.headers };
  if (request.accept !== undefined) headers["accept"] = request.accept;
  if (request.contentType !== undefined) headers["content-type"] = request.contentType;
  const body = request.rawBody ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
  return transport({
    method: request.method as "GET",
    path: request.path,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  });
}

function filled<T>(value: T, namespace: string, answers: ReadonlyMap<string, Answer>): T {
  return JSON.parse(fill(JSON.stringify(value), namespace, answers)) as T;
}

/** Sends the request of a step, filled in, after the pause that it asks for. */
export async function ask(
  transport: Transport,
  step: Step,
  namespace: string,
  answers: ReadonlyMap<string, Answer>,
): Promise<Answer> {
  if (step.request === undefined) throw new Error(`step ${step.name} has no request`);
  if (step.waitMs !== undefined) await delay(Math.min(step.waitMs, 400));
  const response = await send(transport, filled(step.request, namespace, answers));
  const text = await response.text();
  const contentType = response.headers["content-type"] ?? "";
  const body: unknown = contentType.startsWith("application/json") ? JSON.parse(text) : text;
  return { status: response.status, contentType, warning: response.headers["warning"] ?? "", body };
}

/** What a watch delivers in `ms`. */
export async function collectEvents(
  transport: Transport,
  request: NonNullable<Step["request"]>,
  namespace: string,
  answers: ReadonlyMap<string, Answer>,
  ms: number,
): Promise<{ status: number; events: unknown[] }> {
  const signal = AbortSignal.timeout(ms);
  const response = await send(transport, filled(request, namespace, answers), signal);
  let text = "";
  try {
    for await (const chunk of response.chunks()) text += Buffer.from(chunk).toString("utf8");
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const lines = text.split("\n").filter((line) => line !== "");
  return { status: response.status, events: lines.map((line) => JSON.parse(line) as unknown) };
}

const VOLATILE_FIELDS = new Set([
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "lastTransitionTime",
  "startTime",
  "time",
  "continue",
  "storageVersionHash",
]);
const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const AGE = /^(<unknown>|(\d+[smhdy])+)$/;
/** Names that the server made up: their prefix stays. */
const GENERATED = /^([a-z]+-)[a-z0-9]{5}$/;

/** The value without what differs from one recording to the next. */
export function mask(value: unknown, namespace: string, field = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => mask(item, namespace, field));
    if (field === "causes") return items.map((item) => JSON.stringify(item)).sort();
    return field === "managedFields" ? items.toSorted(byWriter) : items;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]): [string, unknown] => {
        // Prose about the columns of a table, which no client shows.
        if (field === "columnDefinitions" && key === "description") return [key, "<description>"];
        if (VOLATILE_FIELDS.has(key) && typeof item === "string" && item !== "") return [key, `<${key}>`];
        return [key.replace(UID, "<uid>"), mask(item, namespace, key)];
      });
    return Object.fromEntries(entries.filter(([key]) => key !== "storageVersionHash"));
  }
  if (typeof value !== "string") return value;
  const text = value.replaceAll(namespace, "{{ns}}").replace(UID, "<uid>");
  if (field === "cells" && AGE.test(text)) return "<age>";
  if ((field === "name" || field === "cells") && GENERATED.test(text)) {
    return text.replace(GENERATED, "$1<generated>");
  }
  if (field === "message") return maskMessage(text);
  return text;
}

/** A server sorts managed fields by their time, in seconds, before it looks at the name. */
function byWriter(left: unknown, right: unknown): number {
  const [a, b] = [left, right].map((entry) => {
    const { manager, operation, subresource = "" } = entry as Record<string, string>;
    return `${manager} ${operation} ${subresource}`;
  }) as [string, string];
  return a < b ? -1 : Number(a > b);
}

/** Several errors in one message come in any order; a version differs. */
function maskMessage(text: string): string {
  const masked = text
    .replace(/current: \d+/, "current: <version>")
    .replace(/(ResourceVersion in record|too old resource version: \d+) \(\d+\)/, "$1 (<version>)");
  const list = /^(.*?is invalid: )\[(.*)\]$/s.exec(masked);
  if (list === null) return masked;
  return `${list[1]}[${(list[2] ?? "")
    .split(/, (?=\S+: )/)
    .sort()
    .join(", ")}]`;
}
