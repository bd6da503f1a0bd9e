import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { HttpResponse } from "../transport.ts";

/** The whole body. `brokenOff` returns at its end why that is not the end of the answer, if so. */
export function readBytes(body: Readable, brokenOff?: () => Error | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (body.destroyed) {
      reject(body.errored ?? brokenOff?.() ?? new Error("the body has been read"));
      return;
    }
    const chunks: Buffer[] = [];
    body.on("data", (chunk: Buffer) => chunks.push(chunk));
    body.on("end", () => {
      const [only] = chunks;
      const error = brokenOff?.();
      if (error !== undefined) reject(error);
      else resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks));
    });
    body.on("error", reject);
  });
}

/** An answer of either protocol, from how its body is read. */
export function httpResponse(
  status: number | undefined,
  sent: IncomingHttpHeaders,
  body: Pick<HttpResponse, "bytes" | "chunks">,
): HttpResponse {
  return {
    status: status ?? 0,
    get headers() {
      return headersOf(sent);
    },
    text: async () => (await body.bytes()).toString("utf8"),
    ...body,
  };
}

/** Those that the server sent, by their names in lower case; not what HTTP/2 puts before them. */
function headersOf(sent: IncomingHttpHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(sent)) {
    if (value !== undefined && !name.startsWith(":"))
      headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}
