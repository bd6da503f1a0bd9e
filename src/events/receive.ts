import type { AgentTrigger } from "../api/agent-trigger.ts";
import { sourceOf } from "../plan/agent-trigger/source.ts";
import { type HookAnswer, type HookRequest, UNAUTHORIZED } from "./hook-server.ts";
import { deliveryId, readPayload } from "./payload.ts";
import type { ReadSecret } from "./secret-values.ts";
import { isSigned } from "./signature.ts";
import { type StartOptions, startRunFor } from "./start-run.ts";

export interface ReceiveOptions extends StartOptions {
  readSecret: ReadSecret;
}

/** Takes a delivery. Its answer is 2xx only once its run exists, or if it is to start none. Rejects if that cannot be known now. */
export async function receive(options: ReceiveOptions, request: HookRequest): Promise<HookAnswer> {
  const { triggers, observe } = options;
  const { key, headers, body } = request;
  const trigger = triggers.get(key);
  const secrets = trigger ? await signingSecrets(options, trigger) : [];
  const source = sourceOf(trigger?.spec ?? {});
  if (!isSigned(source, secrets, headers, body) || !trigger) {
    observe("Unauthorized");
    return UNAUTHORIZED;
  }
  const payload = readPayload(source, headers, body);
  if ("error" in payload) {
    observe("Invalid");
    return { status: 400, body: { message: payload.error } };
  }
  const compiled = triggers.compiled(trigger);
  if ("error" in compiled) {
    observe("Unavailable");
    return {
      status: 503,
      body: { message: `an expression of the trigger cannot be read: ${compiled.error}` },
    };
  }
  const id = deliveryId(headers, payload.event);
  const verdict = await startRunFor(options, compiled, { variables: payload, content: body, id });
  return { status: verdict.reason === "RunCreated" ? 201 : 200, body: verdict };
}

/** The Secret's value, and the same without the line break that many a tool puts at its end. */
async function signingSecrets(
  { readSecret }: ReceiveOptions,
  { metadata, spec }: AgentTrigger,
): Promise<string[]> {
  if (!spec.webhook) return [];
  const found = await readSecret(metadata.namespace ?? "", spec.webhook.secretRef);
  if ("missing" in found) return [];
  return [...new Set([found.value, found.value.replace(/\r?\n$/, "")])];
}
