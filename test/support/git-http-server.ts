import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { answerAsGit, credentialOf } from "../../src/demo/git-backend.ts";

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
      answerAsGit({ root: options.root, path: process.env["PATH"] }, request, response).catch(() =>
        response.destroy(),
      );
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
