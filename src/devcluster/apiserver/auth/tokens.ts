import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  subjectOfClaims,
  tokenClaims,
  type TokenSubject,
} from "../../../kube/access/service-account-tokens.ts";
import type { StoredObjects } from "../../../kube/access/stored-objects.ts";
import type { User } from "../../../kube/access/user.ts";
import { isJsonObject, type JsonObject } from "../../../kube/json-object.ts";

/** Bearer tokens of service accounts: JSON Web Tokens that only this server can make and check. */
export interface Tokens {
  issue(subject: TokenSubject, now: Date): { token: string; expires: Date };
  /** The user that a token stands for, while its account (and what it is bound to) exists. */
  verify(token: string, now: Date): { user: User; audiences: readonly string[] } | undefined;
}

/** As long as a kube-apiserver trusts what it has found about a token (`TokenSuccessCacheTTL`). */
const TRUSTED_MS = 10_000;
const MOST_TRUSTED = 1000;

type Verified = ReturnType<Tokens["verify"]>;

/** Tokens signed with `key` (HMAC-SHA-256), for the accounts that `objects` has. */
export function createTokens(key: Buffer, objects: StoredObjects): Tokens {
  const trusted = new Map<string, { verified: Verified; until: number }>();
  const sign = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  return {
    issue(subject, now) {
      const issuedAt = Math.floor(now.getTime() / 1000);
      const expires = issuedAt + subject.expirationSeconds;
      const claims = tokenClaims(subject, issuedAt, randomBytes(16).toString("hex"));
      const head = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
      return { token: `${head}.${sign(head).toString("base64url")}`, expires: new Date(expires * 1000) };
    },
    verify(token, now) {
      const known = trusted.get(token);
      if (known !== undefined && now.getTime() < known.until) return known.verified;
      trusted.delete(token);
      const [header = "", payload = "", signature = "", ...more] = token.split(".");
      const expected = sign(`${header}.${payload}`);
      const given = Buffer.from(signature, "base64url");
      if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
        return undefined;
      }
      const claims = decodeClaims(payload);
      if (claims === undefined || !(Number(claims["exp"]) * 1000 > now.getTime())) return undefined;
      const verified = subjectOfClaims(claims, objects);
      if (verified === undefined) return undefined;
      if (trusted.size >= MOST_TRUSTED) trusted.clear();
      const until = Math.min(now.getTime() + TRUSTED_MS, Number(claims["exp"]) * 1000);
      trusted.set(token, { verified, until });
      return verified;
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decodeClaims(payload: string): JsonObject | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return isJsonObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
