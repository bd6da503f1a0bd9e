import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  subjectOfClaims,
  tokenClaims,
  type TokenSubject,
  type TokenVerifier,
  type VerifiedToken,
} from "../access/service-account-tokens.ts";
import type { StoredObjects } from "../access/stored-objects.ts";
import type { MutableObject } from "../answers/json-object.ts";

/** Bearer tokens of service accounts: JSON Web Tokens that only this server can make and check. */
export interface Tokens extends TokenVerifier {
  issue(subject: TokenSubject): { token: string; expires: Date };
}

/**
 * As long as a kube-apiserver trusts what it has found about a token (`TokenSuccessCacheTTL`): the operator
 * takes its finalizers off within it, when its ServiceAccount is deleted with everything else.
 */
const TRUSTED_MS = 10_000;
const MOST_TRUSTED = 1000;

/** Tokens signed with `key` (HMAC-SHA-256), for the accounts that `objects` has. */
export function createTokens(key: Buffer, objects: StoredObjects, now: () => Date): Tokens {
  const trusted = new Map<string, { verified: VerifiedToken; untilMs: number }>();
  const sign = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const check = (token: string): { verified: VerifiedToken; endsMs: number } | undefined => {
    const [header = "", payload = "", signature = "", ...more] = token.split(".");
    const expected = sign(`${header}.${payload}`);
    const given = Buffer.from(signature, "base64url");
    if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return undefined;
    }
    // Signed with this key: it was made here.
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as MutableObject;
    const verified = subjectOfClaims(claims, objects);
    return verified && { verified, endsMs: Number(claims["exp"]) * 1000 };
  };
  return {
    issue(subject) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const claims = tokenClaims(subject, issuedAt, randomBytes(16).toString("hex"));
      const head = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
      const expires = new Date((issuedAt + subject.expirationSeconds) * 1000);
      return { token: `${head}.${sign(head).toString("base64url")}`, expires };
    },
    verify(token) {
      const nowMs = now().getTime();
      const known = trusted.get(token);
      if (known !== undefined && nowMs < known.untilMs) return known.verified;
      trusted.delete(token);
      const found = check(token);
      if (found === undefined || found.endsMs <= nowMs) return undefined;
      if (trusted.size >= MOST_TRUSTED) trusted.clear();
      const { verified, endsMs } = found;
      trusted.set(token, { verified, untilMs: Math.min(nowMs + TRUSTED_MS, endsMs) });
      return verified;
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
