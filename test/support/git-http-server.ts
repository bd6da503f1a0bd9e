import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const END_OF_HEADERS = "\r\n\r\n";

export interface GitHttpServerOptions {
  /** The directory that holds the repositories. */
  root: string;
  /** With these every request must carry Basic authentication. */
  user?: string;
  password?: string;
  /** Answers instead of git as long as it returns a status. */
  fault?: (path: string) => number | undefined;
  /** Answers what is not git's, such as Git LFS; it returns whether it does. */
  beside?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Requests are never answered. */
  hang?: boolean;
  /** Serves https with these, in PEM. */
  tls?: { key: string; cert: string };
}

/** Repositories over smart HTTP on loopback, through git's own http-backend. */
export interface GitHttpServer {
  /** `http://127.0.0.1:PORT`; a repository's URL is this and its path below the root. */
  readonly url: string;
  /** The Authorization headers that came, decoded as `user:password`. */
  readonly credentials: string[];
  /** Resolves at the first request. */
  readonly asked: Promise<void>;
  close(): Promise<void>;
}

export async function startGitHttpServer(options: GitHttpServerOptions): Promise<GitHttpServer> {
  const credentials: string[] = [];
  const asked = Promise.withResolvers<void>();
  const answer: RequestListener = (request, response) => {
    asked.resolve();
    if (options.hang) return;
    const given = credentialOf(request);
    if (given !== undefined) credentials.push(given);
    const status = options.fault?.(request.url ?? "/");
    if (status !== undefined) {
      response.writeHead(status).end();
    } else if (options.password !== undefined && given !== `${options.user}:${options.password}`) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
    } else if (!options.beside?.(request, response)) {
      serve(options.root, request, response).catch(() => response.destroy());
    }
  };
  const server = options.tls ? createSecureServer(options.tls, answer) : createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    credentials,
    asked: asked.promise,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function credentialOf({ headers }: IncomingMessage): string | undefined {
  const encoded = /^Basic (.+)$/i.exec(headers.authorization ?? "")?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString();
}

/** One request as the CGI program that http-backend is. */
async function serve(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"],
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
      REMOTE_ADDR: "127.0.0.1",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => {}); // It may answer without reading the request.
  request.pipe(child.stdin);
  const { Status: status, ...others } = await readHeaders(child.stdout);
  response.writeHead(Number.parseInt(status ?? "200", 10), others);
  // A repository may be larger than the memory of this machine.
  await pipeline(child.stdout, response);
}

/** The headers of a CGI program's answer; what follows them is left to be read. */
async function readHeaders(stream: Readable): Promise<Record<string, string>> {
  let head = Buffer.alloc(0);
  while (!head.includes(END_OF_HEADERS)) {
    const chunk: Buffer | null = stream.read() ?? (await once(stream, "readable"), stream.read());
    if (chunk === null) throw new Error("git http-backend ended before its answer began");
    head = Buffer.concat([head, chunk]);
  }
  const end = head.indexOf(END_OF_HEADERS);
  stream.unshift(head.subarray(end + END_OF_HEADERS.length));
  const lines = head.subarray(0, end).toString().split("\r\n");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
}
