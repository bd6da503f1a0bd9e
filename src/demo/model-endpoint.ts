import { objectOf, type JsonObject } from "../kube/json.ts";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { toolCallOf } from "./model-conversation.ts";
import type { Conversation } from "./model-conversation.ts";
import { anthropic } from "./model-anthropic.ts";
import { chatCompletions } from "./model-chat-completions.ts";
import { gemini } from "./model-gemini.ts";
import type { Answer, Protocol } from "./model-protocol.ts";
import { responses } from "./model-responses.ts";
import { usageOf } from "./model-scenario.ts";
import type { Fault, Scenario, ScenarioOf, Turn } from "./model-scenario.ts";

const PROTOCOLS: readonly Protocol[] = [anthropic, chatCompletions, responses, gemini];

/** What a request that is none of a model's says. */
const SILENCE: Conversation = { prompt: "", answers: 0, tools: [], model: "", stream: false };

export interface ModelEndpointOptions {
  scenario: ScenarioOf;
  /** Default: any free port. */
  port?: number;
}

/** A request as it came, for assertions. */
export interface RecordedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: JsonObject;
  /** Everything the user said; empty for requests without a conversation. */
  prompt: string;
  /** Whether it asked for the agent's work rather than, say, a title. */
  main: boolean;
}

export interface ModelEndpoint {
  /** `http://127.0.0.1:PORT`, without /v1. */
  readonly url: string;
  /** Oldest first; the newest thousand are kept. */
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

const KEPT_REQUESTS = 1000;

interface State {
  scenario: ScenarioOf;
  requests: RecordedRequest[];
  /** How often each turn of each conversation has failed. */
  failures: Map<string, number>;
  answers: number;
}

/**
 * A model on loopback that plays a scenario to the real CLIs, over the API that each of them speaks. It
 * keeps no state of a conversation: the request's own messages say which turn it is.
 */
export async function startModelEndpoint(options: ModelEndpointOptions): Promise<ModelEndpoint> {
  const state: State = { scenario: options.scenario, requests: [], failures: new Map(), answers: 0 };
  const server = createServer((request, response) => {
    answer(state, request, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${portOf(server)}`, requests: state.requests, close: () => close(server) };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "/";
  const body = parseBody(await text(request));
  const { pathname } = new URL(path, "http://localhost");
  const protocol = PROTOCOLS.find((each) => each.serves(pathname));
  const conversation = protocol?.read(body, pathname) ?? SILENCE;
  const main = conversation.tools.length > 0;
  const method = request.method ?? "GET";
  state.requests.push({ method, path, headers: request.headers, body, prompt: conversation.prompt, main });
  if (state.requests.length > KEPT_REQUESTS) state.requests.shift();
  if (method === "HEAD") {
    response.writeHead(200).end();
  } else if (!protocol || method !== "POST") {
    sendJson(response, 404, {
      error: { type: "not_found_error", message: `${method} ${path} is not scripted` },
    });
  } else {
    await play(state, protocol, conversation, response);
  }
}

function parseBody(body: string): JsonObject {
  try {
    return objectOf(JSON.parse(body));
  } catch {
    return {};
  }
}

/** Side requests, which offer no tools, get a title or nothing in JSON, and never a fault of the scenario's. */
function turnOf(state: State, conversation: Conversation): Turn {
  if (conversation.tools.length === 0) return { text: conversation.json ? "{}" : "A task" };
  const { scenario } = state;
  const turns: Scenario = typeof scenario === "function" ? scenario(conversation.prompt) : scenario;
  return turns[conversation.answers] ?? turns.at(-1) ?? { text: "Done." };
}

async function play(
  state: State,
  protocol: Protocol,
  conversation: Conversation,
  response: ServerResponse,
): Promise<void> {
  const turn = turnOf(state, conversation);
  if (turn.delayMs !== undefined) await delay(turn.delayMs, response);
  const fault = faultOf(state, turn, conversation);
  if (fault === "hang") return;
  if (typeof fault === "object") {
    const headers: Record<string, string> =
      fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
    sendJson(response, fault.status, protocol.error(fault), headers);
    return;
  }
  state.answers += 1;
  const content: Answer = {
    id: String(state.answers).padStart(6, "0"),
    model: conversation.model,
    text: turn.text ?? "",
    calls: (turn.actions ?? []).map((action) => toolCallOf(action, conversation)),
    usage: usageOf(turn, conversation.answers),
    tooLong: turn.tooLong === true,
  };
  if (conversation.stream) stream(response, protocol.events(content), fault === "cut");
  else sendJson(response, 200, protocol.whole(content));
}

function faultOf(state: State, turn: Turn, { prompt, answers }: Conversation): Fault | undefined {
  if (turn.fault === undefined || turn.faultTimes === undefined) return turn.fault;
  const key = `${answers} ${prompt}`;
  const failed = state.failures.get(key) ?? 0;
  if (failed >= turn.faultTimes) return undefined;
  state.failures.set(key, failed + 1);
  return turn.fault;
}

/** Ends early when the client goes away. */
async function delay(ms: number, response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  response.once("close", resolve);
  await promise;
  clearTimeout(timer);
}

function stream(response: ServerResponse, events: readonly string[], cut: boolean): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  if (!cut) {
    response.end(events.join(""));
    return;
  }
  response.write(events.slice(0, Math.ceil(events.length / 2)).join(""), () => response.destroy());
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
