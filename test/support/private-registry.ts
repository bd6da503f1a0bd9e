import { once } from "node:events";
import { createServer } from "node:https";
import { loadPki } from "../../src/devcluster/pki.ts";

/** A server of packages on loopback whose certificate a private authority has signed. */
export interface PrivateRegistry extends AsyncDisposable {
  /** https://127.0.0.1:PORT */
  readonly url: string;
  /** The authority's certificate, in PEM. */
  readonly authority: string;
  /** Paths of the requests that it has answered with a file, in order. */
  readonly served: readonly string[];
}

/** Serves `files`, each by its path with the slash in front, to who sends this header `authorization`. Default: to anyone. */
export async function startPrivateRegistry(
  files: ReadonlyMap<string, string | Uint8Array>,
  authorization?: string,
): Promise<PrivateRegistry> {
  const { ca, serverKey, serverCertificate } = await loadPki(undefined, new Date());
  const served: string[] = [];
  const server = createServer(
    { key: serverKey, cert: serverCertificate },
    ({ url = "/", headers }, response) => {
      const content = files.get(url);
      if (authorization !== undefined && headers.authorization !== authorization) {
        response.writeHead(401).end();
      } else if (content === undefined) {
        response.writeHead(404).end();
      } else {
        served.push(url);
        const type = typeof content === "string" ? "text/html" : "application/octet-stream";
        response.writeHead(200, { "content-type": type, "cache-control": "max-age=86400" }).end(content);
      }
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the registry has no port");
  return {
    url: `https://127.0.0.1:${address.port}`,
    authority: ca,
    served,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
