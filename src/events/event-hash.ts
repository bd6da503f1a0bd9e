import { createHash } from "node:crypto";

/** Eleven characters of a name, for what somebody has sent to the trigger of this uid. */
export function eventHash(uid: string, content: Buffer | string): string {
  const digest = createHash("sha256").update(uid).update("\0").update(content).digest();
  return digest.readBigUInt64BE(0).toString(36).padStart(13, "0").slice(-11);
}
