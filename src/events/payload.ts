import type { IncomingHttpHeaders } from "node:http";
import type { EventSource } from "../api/agent-trigger.ts";
import { isObject } from "../kube/json.ts";
import { cutEvent } from "../plan/agent-trigger/cut-event.ts";
import type { EventVariables } from "../plan/agent-trigger/expression.ts";

/** What a signed body holds, for the trigger's expressions, or why that cannot be read. */
export function readPayload(
  source: EventSource,
  headers: IncomingHttpHeaders,
  body: Buffer,
): EventVariables | { error: string } {
  const type = headers["content-type"] ?? "";
  // The signature is over the body, and the attributes of the other mode are in headers.
  if (source === "CloudEvents" && !/^application\/cloudevents\+json\b/i.test(type))
    return { error: "CloudEvents are taken in structured mode: content-type application/cloudevents+json" };
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(type);
  const text = body.toString("utf8");
  const json = isForm ? (new URLSearchParams(text).get("payload") ?? "") : text;
  try {
    const event = cutEvent(JSON.parse(json));
    if (!isObject(event)) return { error: "the body is no JSON object" };
    if (source === "CloudEvents" && (typeof event["id"] !== "string" || typeof event["type"] !== "string"))
      return { error: "the body is no CloudEvent: id and type are missing" };
    return { event, headers: shown(headers) };
  } catch {
    return { error: "the body is no JSON" };
  }
}

const MAX_HEADER = 1_024;
/** What would be a secret in a ConfigMap or a prompt. */
const SECRET = /^(authorization|cookie|proxy-authorization|x-gitlab-token)$|signature/;

function shown(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" && !SECRET.test(name) ? [[name, value.slice(0, MAX_HEADER)]] : [],
    ),
  );
}

const IDS = ["x-github-delivery", "x-gitea-delivery", "x-gitlab-event-uuid", "webhook-id"];

/** The sender's own name for a delivery, for people. */
export function deliveryId(headers: IncomingHttpHeaders, event: unknown): string | undefined {
  const given = IDS.map((name) => headers[name]).find((value) => typeof value === "string");
  const id = given ?? (isObject(event) && typeof event["specversion"] === "string" ? event["id"] : undefined);
  return typeof id === "string" ? id.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 128) : undefined;
}
