import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { fieldOf } from "../kube/json.ts";
import { answerAsGit, credentialOf, listenOnLoopback } from "./git-backend.ts";

/** A pull request as Gitea's API shows it. */
export interface DemoPullRequest {
  number: number;
  html_url: string;
  state: "open";
  title: string;
  body: string;
  base: { ref: string; repo_id: 1 };
  head: { ref: string; sha: string; repo_id: 1 };
}

/** A forge on loopback: a repository that is pushed to, and what of Gitea's API a publication asks for. */
export interface DemoForge extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly pullRequests: readonly DemoPullRequest[];
}

export interface DemoForgeOptions {
  /** The directory that holds the repositories, each in the folder of its owner. */
  root: string;
  /** Search path of git. */
  path: string;
  /** What may push and open pull requests. */
  token: string;
  /** Resolves to the commit of a branch, to undefined if there is none. */
  commitOf: (branch: string) => Promise<string | undefined>;
}

const PULLS = /^\/api\/v1\/repos\/[^/]+\/[^/]+\/pulls(?:\/(\d+))?$/;

export async function startDemoForge(options: DemoForgeOptions): Promise<DemoForge> {
  const pullRequests: DemoPullRequest[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const pulls = PULLS.exec(pathname);
    const answered = pulls
      ? answerAsForge(pulls[1], { ...options, url, pullRequests }, request, response)
      : answerPush(options, request, response);
    answered.catch(() => response.destroy());
  });
  const listening = await listenOnLoopback(server);
  const { url } = listening;
  return { ...listening, pullRequests };
}

/** Everybody may read; only the token may push. */
async function answerPush(
  { root, path, token }: DemoForgeOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isPush = request.url?.includes("git-receive-pack") === true;
  if (isPush && credentialOf(request)?.split(":").at(-1) !== token) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="demo"' }).end();
    return;
  }
  await answerAsGit({ root, path }, request, response);
}

interface Desk extends DemoForgeOptions {
  url: string;
  pullRequests: DemoPullRequest[];
}

/** Lists, opens and updates pull requests. */
async function answerAsForge(
  number: string | undefined,
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { token, pullRequests } = desk;
  if (request.headers.authorization !== `token ${token}`)
    return answer(response, 401, { message: "no such token" });
  if (request.method === "GET") {
    const { searchParams } = new URL(request.url ?? "/", "http://localhost");
    const isFirst = searchParams.get("page") === "1" && searchParams.get("state") === "open";
    return answer(response, 200, isFirst ? pullRequests : []);
  }
  const wanted: unknown = JSON.parse(await text(request));
  const field = (name: string): string => String(fieldOf(wanted, name) ?? "");
  if (number !== undefined) {
    const known = pullRequests.find((each) => String(each.number) === number);
    if (known) Object.assign(known, { title: field("title"), body: field("body") });
    return answer(response, known ? 201 : 404, known ?? { message: "no such pull request" });
  }
  const sha = await desk.commitOf(field("head"));
  if (sha === undefined) return answer(response, 404, { message: `no branch ${field("head")}` });
  const opened: DemoPullRequest = {
    number: pullRequests.length + 1,
    html_url: `${desk.url}/demo/greeter/pulls/${pullRequests.length + 1}`,
    state: "open",
    title: field("title"),
    body: field("body"),
    base: { ref: field("base"), repo_id: 1 },
    head: { ref: field("head"), sha, repo_id: 1 },
  };
  pullRequests.push(opened);
  return answer(response, 201, opened);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
