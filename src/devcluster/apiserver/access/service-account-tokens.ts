import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { isObject, objectAt, textAt } from "../../../kube/json.ts";
import { badRequest, notFound } from "../answers/status-error.ts";
import { timestamp } from "../../../kube/time.ts";
import type { StoredObjects } from "./stored-objects.ts";
import { serviceAccountUser, type User } from "./user.ts";

/** Issuer and default audience of service account tokens. */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** What a token is for: an account, for whom it is meant, and for how long. */
export interface TokenSubject {
  namespace: string;
  name: string;
  uid: string;
  audiences: readonly string[];
  expirationSeconds: number;
  /** Set when the token is bound to a pod or a secret: it dies with it. */
  boundObject?: { kind: string; name: string; uid: string } | undefined;
}

const MINIMUM_TOKEN_SECONDS = 600;

const DEFAULT_TOKEN_SECONDS = 3600;

/** Whom a good token stands for, and for whom it is meant. */
export interface VerifiedToken {
  readonly user: User;
  readonly audiences: readonly string[];
}

/** Checks tokens. */
export interface TokenVerifier {
  /** Undefined for a token that is not good, at the moment. */
  verify(token: string): VerifiedToken | undefined;
}

/** A TokenRequest for an account, read; throws if such a token cannot be had. */
export function readTokenRequest(
  document: MutableObject,
  account: Pick<TokenSubject, "namespace" | "name" | "uid">,
  objects: StoredObjects,
): TokenSubject {
  const spec = objectAt(document, "spec");
  const expirationSeconds = Number(spec["expirationSeconds"] ?? DEFAULT_TOKEN_SECONDS);
  if (
    !Number.isInteger(expirationSeconds) ||
    expirationSeconds < MINIMUM_TOKEN_SECONDS ||
    expirationSeconds > 2 ** 32
  ) {
    throw badRequest(
      `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${expirationSeconds}: may not specify a duration less than 10 minutes`,
    );
  }
  const audiences =
    Array.isArray(spec["audiences"]) && spec["audiences"].length > 0
      ? spec["audiences"].map(String)
      : [ISSUER];
  const reference = spec["boundObjectRef"];
  const boundObject = isObject(reference) ? readBoundObject(reference, account, objects) : undefined;
  return { ...account, audiences, expirationSeconds, boundObject };
}

function readBoundObject(
  reference: MutableObject,
  account: Pick<TokenSubject, "namespace" | "name">,
  objects: StoredObjects,
): NonNullable<TokenSubject["boundObject"]> {
  const kind = textAt(reference, "kind");
  const name = textAt(reference, "name");
  if (kind !== "Pod" && kind !== "Secret") {
    throw badRequest(`cannot bind token for serviceaccount "${account.name}" to object of type ${kind}`);
  }
  const resource = `${kind.toLowerCase()}s`;
  const uid = uidOf(objects.get(`/${resource}`, `${account.namespace}/${name}`));
  if (uid === undefined) throw notFound({ group: "", resource }, name);
  return { kind, name, uid };
}

/** A TokenRequest with the token that was issued for it. */
export function answeredTokenRequest(
  document: MutableObject,
  { namespace, name, audiences, expirationSeconds }: TokenSubject,
  issued: { token: string; expires: Date },
  now: Date,
): MutableObject {
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, creationTimestamp: timestamp(now) },
    spec: { ...objectAt(document, "spec"), audiences, expirationSeconds },
    status: { token: issued.token, expirationTimestamp: timestamp(issued.expires) },
  };
}

/** The claims of a ServiceAccount's token, from `issuedAt` (seconds since 1970). `jti` makes it unlike any other. */
export function tokenClaims(subject: TokenSubject, issuedAt: number, jti: string): MutableObject {
  const { namespace, name, uid, boundObject } = subject;
  return {
    aud: subject.audiences,
    exp: issuedAt + subject.expirationSeconds,
    iat: issuedAt,
    iss: ISSUER,
    jti,
    nbf: issuedAt,
    sub: `system:serviceaccount:${namespace}:${name}`,
    "kubernetes.io": {
      namespace,
      serviceaccount: { name, uid },
      ...(boundObject && {
        [boundObject.kind.toLowerCase()]: { name: boundObject.name, uid: boundObject.uid },
      }),
    },
  };
}

/** Whom a token's claims stand for; undefined when the account, or what the token is bound to, is gone. */
export function subjectOfClaims(claims: MutableObject, objects: StoredObjects): VerifiedToken | undefined {
  const own = claims["kubernetes.io"];
  if (!isObject(own) || !isObject(own["serviceaccount"])) return undefined;
  const { name, uid } = own["serviceaccount"];
  const namespace = own["namespace"];
  if (typeof name !== "string" || typeof uid !== "string" || typeof namespace !== "string") return undefined;
  if (uidOf(objects.get("/serviceaccounts", `${namespace}/${name}`)) !== uid) return undefined;
  for (const kind of ["pod", "secret"]) {
    const bound = own[kind];
    if (!isObject(bound)) continue;
    if (uidOf(objects.get(`/${kind}s`, `${namespace}/${String(bound["name"])}`)) !== bound["uid"]) {
      return undefined;
    }
  }
  const audiences = Array.isArray(claims["aud"]) ? claims["aud"].map(String) : [];
  return { user: serviceAccountUser(namespace, name, uid), audiences };
}

function uidOf(object: MutableObject | undefined): string | undefined {
  return object && metaOf(object).uid;
}
