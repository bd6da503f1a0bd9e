import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const END_OF_HEADERS = "\r\n\r\n";

/** Serves the repositories below `root` to anyone on this machine; those that allow it can be pushed to. */
export async function serveRepositories(
  root: string,
  path: string,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    answerAsGit({ root, path }, request, response).catch(() => response.destroy());
  });
  return listenOnLoopback(server);
}

/** Lets the server listen on a free port of 127.0.0.1. */
export async function listenOnLoopback(server: Server): Promise<{ readonly url: string } & AsyncDisposable> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answers a request to a repository below `root` by git's own http-backend, which is a CGI program. */
export async function answerAsGit(
  { root, path }: { root: string; path: string | undefined },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: path,
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

/** The password of a request's Basic authentication, or its token; undefined if it has none. */
export function credentialOf({ headers }: IncomingMessage): string | undefined {
  const encoded = /^Basic (.+)$/i.exec(headers.authorization ?? "")?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString();
}
