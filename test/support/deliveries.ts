import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { request } from "node:http";

/** What a request was answered with. */
export interface Answered {
  status: number;
  body: { reason?: string; run?: string; message?: string };
}

export interface Delivery {
  port: number;
  /** `namespace/name` */
  trigger: string;
  secret?: string;
  event: object | string;
  headers?: Record<string, string>;
  /** Header of the signature; that of GitHub if not given. */
  signedIn?: string;
  /** Address to send from. */
  from?: string;
}

export const sha256 = (secret: string, body: string): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

/** Sends a delivery as GitHub does; rejects if the connection breaks. */
export async function deliver({
  port,
  trigger,
  secret,
  event,
  headers = {},
  signedIn = "x-hub-signature-256",
  from,
}: Delivery): Promise<Answered> {
  const body = typeof event === "string" ? event : JSON.stringify(event);
  const signature = secret === undefined ? {} : { [signedIn]: sha256(secret, body) };
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const sent = request(
    {
      host: "127.0.0.1",
      port,
      path: `/hooks/${trigger}`,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        ...signature,
        ...headers,
      },
      ...(from !== undefined && { localAddress: from }),
    },
    (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: answer.statusCode ?? 0,
          body: text === "" ? {} : (JSON.parse(text) as Answered["body"]),
        });
      });
    },
  );
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

/** Payloads that GitHub has sent, of one event and action. */
export function githubPayloads(name: string, action: string): Record<string, unknown>[] {
  const all = createRequire(import.meta.url)("@octokit/webhooks-examples/api.github.com/index.json") as {
    name: string;
    examples: Record<string, unknown>[];
  }[];
  return (all.find((each) => each.name === name)?.examples ?? []).filter((each) => each["action"] === action);
}
