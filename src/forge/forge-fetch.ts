import { ForgeRefusal, refusalOf } from "./refusal.ts";

const MAX_BYTES = 8 * 1024 * 1024;
const REQUEST_MS = 30_000;
const MAX_WORDS = 1_000;
/** If the forge does not say when. */
const RATE_LIMIT_SECONDS = 60;
const PAUSES_MS: readonly number[] = [1_000, 4_000, 10_000];

export interface ForgeAccess {
  /** Nothing is sent anywhere else. */
  apiURL: string;
  token: string;
  /** Until when a rate limit or a failure is waited for, in milliseconds since the epoch. */
  deadline: number;
  now(): number;
  sleep(ms: number): Promise<void>;
  /** What sends the requests. Default: `fetch`. */
  send?: typeof fetch;
  /** Of one answer. Default: 8 MiB. */
  maxBytes?: number;
}

/**
 * `fetch` as the forges' clients use it: to the forge's own API and nowhere else, whatever an answer says; bounded in time
 * and size. It waits for rate limits and tries failures again until the deadline. Throws a ForgeRefusal for every answer
 * that is an error.
 */
export function createForgeFetch(access: ForgeAccess): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const own = new URL(`${access.apiURL}/`);
    if (url.origin !== own.origin || !url.pathname.startsWith(own.pathname))
      throw new ForgeRefusal("PullRequestFailed", `${url.origin} is not the forge's API`);
    for (let failures = 0; ;) {
      const { response, problem, isFinal } = await once(url, init, access);
      if (response?.ok || (response?.status === 304 && isConditional(init))) return response;
      if (response) {
        const waitMs = rateLimitMs(response, access.now());
        const refusal = await refusalFrom(response, access.token);
        if (waitMs === undefined && response.status < 500) throw refusal;
        if (waitMs !== undefined) {
          await waitFor(waitMs, access, refusal);
          continue;
        }
      }
      const why = response ? `the forge answers ${response.status}` : (problem ?? "no answer");
      const pause = PAUSES_MS[failures];
      if (pause === undefined || isFinal || access.now() + pause >= access.deadline)
        throw new ForgeRefusal("PullRequestFailed", `${own.host}: ${why}`, response?.status);
      failures += 1;
      await access.sleep(pause);
    }
  };
}

/** Whether only news is asked for: then that there is none is an answer. */
function isConditional(init: RequestInit | undefined): boolean {
  return new Headers(init?.headers).has("if-none-match");
}

/** One request, its answer read to its end. */
async function once(
  url: URL,
  init: RequestInit | undefined,
  { send = fetch, maxBytes = MAX_BYTES }: ForgeAccess,
): Promise<{ response?: Response; problem?: string; isFinal?: boolean }> {
  try {
    const signal = AbortSignal.timeout(REQUEST_MS);
    const response = await send(url, { ...init, redirect: "manual", signal });
    const body = await bounded(response, maxBytes);
    const { status, statusText, headers } = response;
    const isBodyless = status === 204 || status === 205 || status === 304;
    return {
      response: new Response(isBodyless ? null : body, {
        status,
        statusText,
        headers: plainHeaders(headers),
      }),
    };
  } catch (error) {
    return { problem: describe(error), isFinal: UNTRUSTED.test(describe(error)) };
  }
}

/** What was decoded already must not be decoded again. */
function plainHeaders(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => name !== "content-encoding"));
}

async function bounded(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Codes of certificates that are not trusted: the next try would find the same. */
const UNTRUSTED = /\((?:\w*CERT\w*|UNABLE_TO_\w+|ERR_TLS_\w+)\)$/;

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return cause instanceof Error ? `${cause.message || error.message}${code}` : error.message;
}

/** Longer than anybody waits, and a time that a date can have, whatever a forge says. */
const MAX_WAIT_MS = 30 * 24 * 3_600_000;

/** How long the forge wants to be left alone; undefined: it does not. */
function rateLimitMs(response: Response, now: number): number | undefined {
  const ms = askedMs(response, now);
  return ms === undefined ? undefined : Math.min(ms, MAX_WAIT_MS);
}

function askedMs({ status, headers }: Response, now: number): number | undefined {
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  const isOver = headers.get("x-ratelimit-remaining") === "0" || headers.get("ratelimit-remaining") === "0";
  if (status !== 429 && !(status === 403 && (isOver || Number.isFinite(after)))) return undefined;
  if (Number.isFinite(after)) return Math.max(1, after) * 1000;
  const reset = Number(headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset") ?? Number.NaN);
  return Number.isFinite(reset) ? Math.max(1_000, reset * 1000 - now) : RATE_LIMIT_SECONDS * 1000;
}

async function waitFor(
  ms: number,
  { now, sleep, deadline }: ForgeAccess,
  refusal: ForgeRefusal,
): Promise<void> {
  if (now() + ms < deadline) return sleep(ms);
  const at = new Date(now() + ms).toISOString().replace(/\.\d+Z$/, "Z");
  throw new ForgeRefusal(
    "ForgeRateLimited",
    `${refusal.message}; the forge takes requests again at ${at}`,
    refusal.status,
    now() + ms,
  );
}

/** The forge's own words, without the token and without what a terminal obeys. */
async function refusalFrom(response: Response, token: string): Promise<ForgeRefusal> {
  const { status, statusText, headers } = response;
  if (status >= 300 && status < 400)
    return refusalOf(status, "the repository or the API has another address now: use that one");
  const text = await response.text();
  const said = (headers.get("content-type") ?? "").includes("json") ? wordsIn(text) : statusText;
  const plain = said
    .replaceAll(token, "***")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  return refusalOf(status, plain.slice(0, MAX_WORDS).toWellFormed() || statusText || "no reason given");
}

/** `message`, `error` and what an `errors` names, whatever the forge makes of them. */
function wordsIn(text: string): string {
  try {
    const {
      message,
      error,
      error_description: description,
      errors,
    } = JSON.parse(text) as Record<string, unknown>;
    return [message, error, description, errors].flatMap(flat).join("; ");
  } catch {
    return "";
  }
}

function flat(value: unknown): string[] {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  if (Array.isArray(value)) return value.flatMap(flat);
  if (typeof value !== "object" || value === null) return [];
  if ("message" in value && typeof value.message === "string") return [value.message];
  return [
    Object.entries(value)
      .flatMap(([name, each]) => [name, ...flat(each)])
      .join(" "),
  ];
}
