import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as a sink got it. */
export interface SinkRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface LoopbackSink {
  url: string;
  /** All that came, whatever it was answered with. */
  seen: SinkRequest[];
  /** What requests are answered with; undefined: the connection breaks. Default: 202. */
  answer: (request: SinkRequest) => number | undefined;
  /** Resolves when a request has come for which this is true, or was before. */
  until(condition: (request: SinkRequest) => boolean): Promise<SinkRequest>;
  [Symbol.asyncDispose](): Promise<void>;
}

const LIMIT_MS = 30_000;

/** An HTTP endpoint on loopback that takes what notifiers send. */
export async function startSink(): Promise<LoopbackSink> {
  const seen: SinkRequest[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url: path = "", headers } = request;
      const one = { path, headers, body: Buffer.concat(chunks).toString() };
      const status = sink.answer(one);
      seen.push(one);
      if (status === undefined) request.socket.destroy();
      else response.writeHead(status, { location: "/elsewhere" }).end("words of the sink");
      for (const each of waiting) each();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sink: LoopbackSink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`,
    seen,
    answer: () => 202,
    until: async (condition) => {
      const { promise, resolve, reject } = Promise.withResolvers<SinkRequest>();
      const look = (): void => {
        const found = seen.find(condition);
        if (found) resolve(found);
      };
      waiting.add(look);
      look();
      const late = setTimeout(() => reject(new Error(`not sent; ${seen.length} others were`)), LIMIT_MS);
      return promise.finally(() => {
        waiting.delete(look);
        clearTimeout(late);
      });
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return sink;
}
