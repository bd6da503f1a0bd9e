import { createHmac } from "node:crypto";
import type { SinkReason } from "../api/notifier-reasons.ts";
import { SINK_URL } from "../api/rules/notifier.ts";
import type { Message } from "../plan/agent-notifier/message.ts";
import { LocalAddressError } from "./public-fetch.ts";

/** Where a notifier's events go. */
export interface Sink {
  /** May be a secret: it is in no message. */
  url: string;
  /** What is signed with; undefined: nothing is. */
  secret?: string;
}

/** What became of an attempt. */
export type Sent = "taken" | SinkFailure;

export interface SinkFailure {
  reason: SinkReason;
  message: string;
  /** Whether it is about this event, not about the sink. */
  isOfEvent: boolean;
  /** So long the sink asks to be left alone. */
  retryAfterMs?: number;
}

const TIMEOUT_MS = 10_000;
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Codes by which a sink says that it cannot do anything with this very body. */
const OF_EVENT: ReadonlySet<number> = new Set([400, 413, 422]);

/** Sends one event. A sink's own words are shown to nobody: they may be those of whatever is at that address. */
export async function sendToSink(send: typeof fetch, sink: Sink, message: Message): Promise<Sent> {
  const { body, contentType } = message;
  if (!isAddress(sink.url)) return failure("InvalidSink", "the sink's address is no http:// or https:// URL");
  const signature =
    sink.secret === undefined
      ? {}
      : { "x-signature-256": `sha256=${createHmac("sha256", sink.secret).update(body).digest("hex")}` };
  try {
    const answer = await send(sink.url, {
      method: "POST",
      headers: { "content-type": contentType, "user-agent": "agent-operator", ...signature },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    if (answer.status >= 200 && answer.status < 300) return "taken";
    return refusal(answer);
  } catch (error) {
    if (isLocal(error))
      return failure(
        "SinkNotAllowed",
        "the sink's address is one of this machine, its link or the API server; --allow-local-urls of the events component allows it",
      );
    return failure("SinkUnreachable", `the sink cannot be reached: ${codeOf(error)}`);
  }
}

function isAddress(url: string): boolean {
  return new RegExp(SINK_URL, "u").test(url) && URL.canParse(url);
}

function refusal({ status, headers }: Response): SinkFailure {
  const wait = Number(headers.get("retry-after"));
  const redirects = status >= 300 && status < 400 ? ", which is not followed" : "";
  return {
    ...failure("SinkRefused", `the sink answers with ${status}${redirects}`),
    isOfEvent: OF_EVENT.has(status),
    ...(wait > 0 && { retryAfterMs: Math.min(wait * 1_000, MAX_RETRY_AFTER_MS) }),
  };
}

function failure(reason: SinkReason, message: string): SinkFailure {
  return { reason, message, isOfEvent: false };
}

function isLocal(error: unknown): boolean {
  return error instanceof LocalAddressError || (error instanceof Error && isLocal(error.cause));
}

/** A word: an error's own text names hosts. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1_000} s`;
  const code: unknown = Reflect.get(error, "code") ?? Reflect.get(Object(error.cause), "code");
  return typeof code === "string" && /^[A-Z_0-9]{1,64}$/.test(code) ? code : "the connection failed";
}
