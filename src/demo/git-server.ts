import { once } from "node:events";
import { createServer } from "node:http";
import { answerAsGit, credentialOf } from "./git-backend.ts";

/** Repositories on loopback that can be pushed to. */
export interface GitServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
}

export interface GitServerOptions {
  /** The directory that holds the repositories. */
  root: string;
  /** Search path of git. */
  path: string;
  /** What may push. */
  token: string;
}

/** Everybody may read; only the token may push. */
export async function startGitServer({ root, path, token }: GitServerOptions): Promise<GitServer> {
  const server = createServer((request, response) => {
    const isPush = request.url?.includes("git-receive-pack") === true;
    if (isPush && credentialOf(request)?.split(":").at(-1) !== token) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="demo"' }).end();
      return;
    }
    answerAsGit({ root, path }, request, response).catch(() => response.destroy());
  });
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
