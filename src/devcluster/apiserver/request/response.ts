import { stringify as stringifyYaml } from "yaml";
import type { MutableObject } from "../answers/json-object.ts";
import { metadataOnly } from "../kinds/served-object.ts";
import { failure, type StatusError } from "../answers/status-error.ts";
import type { Negotiated } from "./accept.ts";

/** A whole answer, whatever carries it. */
export interface Response {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A whole answer in JSON. */
export function jsonResponse(status: number, json: string, contentType = "application/json"): Response {
  return { status, headers: { "content-type": contentType }, body: json };
}

/** A whole answer in plain text. */
export function textResponse(status: number, body: string): Response {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

/** Where nothing is served at all: plain text, as Go's router answers. */
export function pageNotFound(): Response {
  return textResponse(404, "404 page not found\n");
}

/** A refusal as an answer. */
export function statusResponse(error: StatusError): Response {
  const response = jsonResponse(error.code, JSON.stringify(error.status));
  const retry = error.status.details?.retryAfterSeconds;
  if (retry !== undefined) response.headers["retry-after"] = String(retry);
  return response;
}

/** The answer to a write that is not reported by an object: 201, as recorded of bindings and evictions. */
export function createdResponse(): Response {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
  return jsonResponse(201, JSON.stringify(status));
}

/** The answer to a request that met a fault of the server's own. */
export function faultResponse(error: unknown): Response {
  const why = error instanceof Error ? error.message : String(error);
  return statusResponse(failure(500, "InternalError", `Internal error occurred: ${why}`));
}

/** What was asked for (as JSON), in JSON or YAML. */
export function formResponse(status: number, json: string, form: Negotiated): Response {
  if (!form.yaml) return jsonResponse(status, json);
  return { status, headers: { "content-type": "application/yaml" }, body: stringifyYaml(JSON.parse(json)) };
}

/** The answer to a write; a client that asked for a Table gets the object, which it reads as well. */
export function writtenResponse(status: number, json: string, form: Negotiated): Response {
  if (form.form !== "metadata") return formResponse(status, json, form);
  const object = JSON.parse(json) as MutableObject;
  return formResponse(status, JSON.stringify(metadataOnly(object, form.version)), form);
}

/** The value of a Warning header that says each of these once. */
export function warningHeader(warnings: readonly string[]): string {
  return [...new Set(warnings)]
    .map((text) => `299 - "${text.replace(/[\\"]/g, "\\$&").replace(/[^\x20-\x7e]/g, "?")}"`)
    .join(", ");
}
