import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { EventSource } from "../api/agent-trigger.ts";

/** The header of each source that says who has sent a delivery. */
const HEADERS: Readonly<Record<EventSource, string>> = {
  GitHub: "x-hub-signature-256",
  GitLab: "x-gitlab-token",
  Gitea: "x-gitea-signature",
  Generic: "x-signature-256",
  CloudEvents: "x-signature-256",
};

/** Whether a request has a signature of any kind; whether that is right is another matter. */
export function hasSignature(headers: IncomingHttpHeaders): boolean {
  return Object.values(HEADERS).some((name) => typeof headers[name] === "string");
}

/**
 * Whether a body as it was sent is signed with one of the secrets. Takes as long whatever is wrong, and as long without any
 * secret, so that it shows nothing about triggers.
 */
export function isSigned(
  source: EventSource,
  secrets: readonly string[],
  headers: IncomingHttpHeaders,
  body: Buffer,
): boolean {
  const given = headers[HEADERS[source]];
  const candidates = secrets.filter((secret) => secret !== "");
  const checks = (candidates.length > 0 ? candidates : ["none"]).map((secret) => {
    const digest = createHmac("sha256", secret).update(body).digest("hex");
    return isEqual(source === "GitLab" ? secret : digest, typeof given === "string" ? given : "", source);
  });
  return candidates.length > 0 && checks.some(Boolean);
}

function isEqual(expected: string, given: string, source: EventSource): boolean {
  const value = source === "GitLab" ? given : given.replace(/^sha256=/, "").toLowerCase();
  // Of one length, whatever was given.
  const [a, b] = [expected, value].map((text) => createHmac("sha256", "compare").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
