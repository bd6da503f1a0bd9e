import type { HttpRequest, Transport } from "../../src/client/transport.ts";

export interface Answered {
  status: number;
  warning: string;
  /** The body: an object, or a Status. */
  body: Record<string, unknown> & { message?: string };
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  PATCH: "application/merge-patch+json",
  POST: "application/json",
  PUT: "application/json",
};

/** One JSON request, answered whole. */
export async function send(
  transport: Transport,
  method: HttpRequest["method"],
  path: string,
  body?: unknown,
): Promise<Answered> {
  const contentType = CONTENT_TYPES[method];
  const response = await transport({
    method,
    path,
    headers: contentType === undefined ? {} : { "content-type": contentType },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    warning: response.headers["warning"] ?? "",
    body: JSON.parse(text) as Answered["body"],
  };
}
