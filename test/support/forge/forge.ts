import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { text } from "node:stream/consumers";
import type { ForgeKind } from "../../../src/api/fields/publish.ts";
import { answerAsGitea } from "./gitea.ts";
import { answerAsGitHub } from "./github.ts";
import { answerToApp, isAppRequest, type LoopbackApp } from "./github-app.ts";
import { answerAsGitLab } from "./gitlab.ts";

/** A pull request that the forge has. */
export interface ForgePullRequest {
  number: number;
  branch: string;
  base: string;
  title: string;
  body: string;
  draft: boolean;
  state: "open" | "closed";
  commit: string;
  labels: string[];
  reviewers: string[];
}

export interface ForgeRequest {
  method: string;
  /** Below the API's URL, encoded. */
  path: string;
  query: URLSearchParams;
  headers?: IncomingHttpHeaders;
  body: Record<string, unknown> | undefined;
  /** What it was answered with. */
  status?: number;
}

export interface ForgeAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A comment on an issue or a pull request. */
export interface ForgeComment {
  id: number;
  /** Of the issue or pull request. */
  number: number;
  body: string;
  /** How often it was written. */
  writes: number;
  author: string;
}

/** A commit status; the last of its name counts. */
export interface ForgeStatus {
  id: number;
  commit: string;
  context: string;
  state: string;
  description: string;
  url?: string;
}

/** A check run, of the App with this slug. */
export interface ForgeCheck {
  id: number;
  app: string;
  commit: string;
  name: string;
  externalId: string;
  status: string;
  conclusion?: string;
  title: string;
  summary: string;
  url?: string;
  /** How often it was written. */
  writes: number;
}

/** Something that has happened in the repository. */
export interface ForgeEvent {
  id: string;
  /** As GitHub's list of events has it: `IssuesEvent`. */
  type: string;
  /** Who has caused it. */
  login: string;
  payload: object;
  /** RFC 3339 */
  at: string;
}

/** What a forge has and knows, for the functions that answer as it does. */
export interface ForgeState {
  project: string;
  pulls: ForgePullRequest[];
  comments: ForgeComment[];
  events: readonly ForgeEvent[];
  statuses: ForgeStatus[];
  checks: ForgeCheck[];
  /** Accounts that may write to it. */
  writers?: readonly string[];
  /** Where people see it. */
  url: string;
  /** Whom the request is from: the slug of an App, or nothing for a person. */
  app?: string;
  commitOf(branch: string): Promise<string | undefined>;
}

export interface LoopbackForgeOptions {
  kind: ForgeKind;
  /** Such as `team/repo`. */
  project: string;
  /** Accounts that may write to it. */
  writers?: readonly string[];
  /** The commit of a branch of the repository; undefined: there is none. */
  commitOf(branch: string): Promise<string | undefined>;
  /** What requests have to have; else they are answered with 401. */
  token: string;
  tls?: { key: string; cert: string };
  /** An App of GitHub's, whose token is taken too. */
  app?: LoopbackApp;
}

/** A forge on loopback with one repository; what it is asked and answers is as the real one's. */
export interface LoopbackForge extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly apiURL: string;
  readonly pulls: ForgePullRequest[];
  readonly comments: ForgeComment[];
  /** The oldest first. */
  readonly events: ForgeEvent[];
  /** The oldest first. */
  readonly statuses: ForgeStatus[];
  /** Of GitHub; the oldest first. */
  readonly checks: ForgeCheck[];
  readonly requests: ForgeRequest[];
  /** What was asked or answered otherwise than the forge's own description has it. */
  readonly breaches: string[];
  /** Answers in place of the forge as long as it returns something. */
  fault?: (request: ForgeRequest) => ForgeAnswer | undefined;
}

const API_PATHS: Readonly<Record<ForgeKind, string>> = {
  GitHub: "/api/v3",
  GitLab: "/api/v4",
  Gitea: "/api/v1",
};
const SCHEMES: Readonly<Record<ForgeKind, string>> = { GitHub: "Bearer", GitLab: "Bearer", Gitea: "token" };

type Answering = (state: ForgeState, request: ForgeRequest, breaches: string[]) => Promise<ForgeAnswer>;
const ANSWERS: Readonly<Record<ForgeKind, Answering>> = {
  GitHub: answerAsGitHub,
  GitLab: answerAsGitLab,
  Gitea: answerAsGitea,
};

export async function startForge(options: LoopbackForgeOptions): Promise<LoopbackForge> {
  const { kind, project, commitOf, writers, token, tls, app } = options;
  const pulls: ForgePullRequest[] = [];
  const comments: ForgeComment[] = [];
  const events: ForgeEvent[] = [];
  const statuses: ForgeStatus[] = [];
  const checks: ForgeCheck[] = [];
  const requests: ForgeRequest[] = [];
  const breaches: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://forge");
    const body = await text(request);
    const asked: ForgeRequest = {
      method: request.method ?? "",
      path: url.pathname.slice(API_PATHS[kind].length + 1),
      query: url.searchParams,
      headers: request.headers,
      body: body === "" ? undefined : (JSON.parse(body) as Record<string, unknown>),
    };
    requests.push(asked);
    const { authorization = "" } = request.headers;
    const isKnown = [token, app?.token].some((each) => authorization === `${SCHEMES[kind]} ${each}`);
    const isApp = app !== undefined && authorization === `${SCHEMES[kind]} ${app.token}`;
    const known = { project, pulls, comments, events, statuses, checks, url: forge.url, commitOf, writers };
    const state: ForgeState = isApp ? { ...known, app: app.slug } : known;
    const own =
      forge.fault?.(asked) ??
      (app && isAppRequest(asked) ? answerToApp(app, asked, authorization, breaches) : undefined) ??
      (isKnown ? undefined : { status: 401, body: { message: "Bad credentials" } });
    const { status, body: json, headers } = own ?? (await ANSWERS[kind](state, asked, breaches));
    asked.status = status;
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
    response.end(json === undefined ? "" : JSON.stringify(json));
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => {
      breaches.push(String(error));
      response.destroy();
    });
  };
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = `${tls ? "https" : "http"}://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  const forge: LoopbackForge = {
    url,
    apiURL: `${url}${API_PATHS[kind]}`,
    pulls,
    comments,
    events,
    statuses,
    checks,
    requests,
    breaches,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return forge;
}
