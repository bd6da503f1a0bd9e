import type { LocalKeyRef } from "../kube/builtin.ts";

/** What a condition says of a Secret key that is missing. */
export function missingSecret<R extends "SecretNotFound" | "KeyNotFound">(
  reason: R,
  { name, key }: LocalKeyRef,
  purpose: string,
): { reason: R; message: string } {
  const message =
    reason === "SecretNotFound"
      ? `Secret ${name}, which holds ${purpose}, does not exist yet`
      : `Secret ${name} has no key ${key}, or nothing in it, which holds ${purpose}`;
  return { reason, message };
}
