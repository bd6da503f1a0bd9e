import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import type { KubeObject } from "../../src/kube/objects.ts";

/**
 * Requests without a cache, a queue or a retry: what the API server and JSON cost, and nothing else. Only a
 * "not yet" is obeyed, such as that of a definition that has just been installed.
 */
export interface PlainRequests {
  /** The answer's body; rejects unless the status is a success. */
  send(method: string, path: string, content?: { body: string; type?: string }): Promise<string>;
  /** As `send`, for what is only read. */
  get(path: string, accept?: string): Promise<string>;
  /**
   * What a watch shows from now on; resolves when it is open. The API server closes the watch of a reader that
   * is slow for a moment: it goes on behind the last event.
   */
  watch<T extends KubeObject>(path: string): Promise<AsyncIterable<PlainEvent<T>>>;
}

export interface PlainEvent<T extends KubeObject> {
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: T;
}

interface Content {
  body?: string;
  type?: string;
  accept?: string;
}

const JSON_TYPE = "application/json";

export async function connectPlainly(kubeconfig: string): Promise<PlainRequests> {
  const { options } = await loadKubeconfig({ paths: [kubeconfig] });
  const { hostname, port } = new URL(options.server);
  const { headers } = (await options.authority?.()) ?? {};
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 256,
    ...(options.ca !== undefined && { ca: options.ca }),
    ...options.certificate,
  });
  const open = (method: string, path: string, { body, type = JSON_TYPE, accept = JSON_TYPE }: Content = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        agent,
        hostname,
        port,
        method,
        path,
        headers: {
          accept,
          ...headers,
          ...(body !== undefined && {
            "content-type": type,
            "content-length": Buffer.byteLength(body),
          }),
        },
      });
      sent.on("error", reject);
      sent.on("response", resolve);
      sent.end(body);
    });
  const accepted = async (...asked: Parameters<typeof open>): Promise<IncomingMessage> => {
    for (;;) {
      const answer = await open(...asked);
      if ((answer.statusCode ?? 0) < 300) return answer;
      const said = await text(answer);
      if (answer.statusCode !== 429) throw new Error(`${asked[0]} ${asked[1]}: ${said}`);
      await sleep(Number(answer.headers["retry-after"] ?? 1) * 1_000);
    }
  };
  return {
    send: async (...asked) => text(await accepted(...asked)),
    get: async (path, accept = JSON_TYPE) => text(await accepted("GET", path, { accept })),
    watch: async (path) =>
      eventsOf(await accepted("GET", `${path}?watch=true`), (resourceVersion) =>
        accepted("GET", `${path}?watch=true&resourceVersion=${resourceVersion}`),
      ),
  };
}

/** The server's cache is behind what it has answered before: it wants to be asked again a second later. */
const BEHIND = 504;

async function* eventsOf<T extends KubeObject>(
  first: IncomingMessage,
  reopen: (resourceVersion: string) => Promise<IncomingMessage>,
): AsyncGenerator<PlainEvent<T>> {
  let input = first;
  let resourceVersion = "";
  for (;;) {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const event = JSON.parse(line) as PlainEvent<T> | { type: "ERROR"; object: { code?: number } };
      if (event.type === "ERROR") {
        if (event.object.code !== BEHIND) throw new Error(`the watch ended: ${line}`);
        await sleep(1_000);
        break;
      }
      resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
      yield event;
    }
    input = await reopen(resourceVersion);
  }
}
