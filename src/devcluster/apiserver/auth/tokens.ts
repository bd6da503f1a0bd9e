import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  subjectOfClaims,
  tokenClaims,
  type TokenSubject,
  type TokenVerifier,
} from "../../../kube/access/service-account-tokens.ts";
import type { StoredObjects } from "../../../kube/access/stored-objects.ts";
import type { JsonObject } from "../../../kube/json-object.ts";

/** Bearer tokens of service accounts: JSON Web Tokens that only this server can make and check. */
export interface Tokens extends TokenVerifier {
  issue(subject: TokenSubject): { token: string; expires: Date };
}

/** Tokens signed with `key` (HMAC-SHA-256), for the accounts that `objects` has. */
export function createTokens(key: Buffer, objects: StoredObjects, now: () => Date): Tokens {
  const sign = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  return {
    issue(subject) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const claims = tokenClaims(subject, issuedAt, randomBytes(16).toString("hex"));
      const head = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
      const expires = new Date((issuedAt + subject.expirationSeconds) * 1000);
      return { token: `${head}.${sign(head).toString("base64url")}`, expires };
    },
    verify(token) {
      const [header = "", payload = "", signature = "", ...more] = token.split(".");
      const expected = sign(`${header}.${payload}`);
      const given = Buffer.from(signature, "base64url");
      if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
        return undefined;
      }
      // Signed with this key: it was made here.
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as JsonObject;
      if (!(Number(claims["exp"]) * 1000 > now().getTime())) return undefined;
      return subjectOfClaims(claims, objects);
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
