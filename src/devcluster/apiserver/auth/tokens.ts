import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { isJsonObject, type JsonObject } from "../../../kube/json-object.ts";
import type { Store } from "../storage/store.ts";
import { serviceAccountUser, type User } from "../../../kube/access/user.ts";

/** Issuer and default audience of service account tokens. */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

export interface TokenSubject {
  namespace: string;
  name: string;
  uid: string;
  audiences: readonly string[];
  expirationSeconds: number;
  /** Set when the token is bound to a pod or a secret: it dies with it. */
  boundObject?: { kind: string; name: string; uid: string } | undefined;
}

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

export function createTokens(key: Buffer, store: Store): Tokens {
  const trusted = new Map<string, { verified: Verified; until: number }>();
  const sign = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  return {
    issue(subject, now) {
      const issuedAt = Math.floor(now.getTime() / 1000);
      const expires = issuedAt + subject.expirationSeconds;
      const claims = {
        aud: subject.audiences,
        exp: expires,
        iat: issuedAt,
        iss: ISSUER,
        jti: randomBytes(16).toString("hex"),
        nbf: issuedAt,
        sub: `system:serviceaccount:${subject.namespace}:${subject.name}`,
        "kubernetes.io": {
          namespace: subject.namespace,
          serviceaccount: { name: subject.name, uid: subject.uid },
          ...(subject.boundObject === undefined
            ? {}
            : {
                [subject.boundObject.kind.toLowerCase()]: {
                  name: subject.boundObject.name,
                  uid: subject.boundObject.uid,
                },
              }),
        },
      };
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
      const verified = verifyClaims(claims, store);
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

function verifyClaims(
  claims: JsonObject,
  store: Store,
): { user: User; audiences: readonly string[] } | undefined {
  const own = claims["kubernetes.io"];
  if (!isJsonObject(own) || !isJsonObject(own["serviceaccount"])) return undefined;
  const { name, uid } = own["serviceaccount"];
  const namespace = own["namespace"];
  if (typeof name !== "string" || typeof uid !== "string" || typeof namespace !== "string") return undefined;
  if (store.table("/serviceaccounts").get(`${namespace}/${name}`)?.uid !== uid) return undefined;
  for (const kind of ["pod", "secret"]) {
    const bound = own[kind];
    if (!isJsonObject(bound)) continue;
    if (store.table(`/${kind}s`).get(`${namespace}/${String(bound["name"])}`)?.uid !== bound["uid"]) {
      return undefined;
    }
  }
  const audiences = Array.isArray(claims["aud"]) ? claims["aud"].map(String) : [];
  return { user: serviceAccountUser(namespace, name, uid), audiences };
}
