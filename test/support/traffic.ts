import { bodyOf, type Transport } from "../../src/client/transport.ts";
import { resourceOf } from "../../src/runtime/metrics.ts";

/** What was sent through a transport since it was last asked. */
export interface Traffic {
  requests: Record<string, number>;
  watches: Record<string, number>;
  writtenBytes: number;
  /** Of the answers that were read as a whole. */
  readBytes: number;
  watchedBytes: number;
}

/** Counts what goes through a transport; a watch is counted when it begins, by its resource. */
export function countTraffic(transport: Transport): { transport: Transport; take: () => Traffic } {
  const none = (): Traffic => ({ requests: {}, watches: {}, writtenBytes: 0, readBytes: 0, watchedBytes: 0 });
  let traffic = none();
  const increment = (counts: Record<string, number>, name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  return {
    transport: async (request) => {
      const resource = resourceOf(request.path);
      if (/[?&]watch=/.test(request.path)) {
        increment(traffic.watches, resource);
        const response = await transport(request);
        const chunks = () => counted(response.chunks(), (bytes) => (traffic.watchedBytes += bytes));
        return { ...response, chunks };
      }
      increment(traffic.requests, `${request.method} ${resource}`);
      traffic.writtenBytes += Buffer.byteLength(bodyOf(request) ?? "");
      const response = await transport(request);
      const text = async (): Promise<string> => {
        const body = await response.text();
        traffic.readBytes += Buffer.byteLength(body);
        return body;
      };
      return { ...response, text };
    },
    take: () => {
      const taken = traffic;
      traffic = none();
      return taken;
    },
  };
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}
