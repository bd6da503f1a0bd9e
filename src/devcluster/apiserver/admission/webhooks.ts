import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { randomUUID } from "node:crypto";
import { applyJsonPatch, parseJsonPatch } from "../../../kube/patch/json-patch.ts";
import { labelSelectorOf, labelsMatch, type ObjectLabelSelector } from "../../../kube/selectors.ts";
import { isJsonObject, type JsonObject } from "../../../kube/json-object.ts";
import { failure, StatusError } from "../../../kube/status-error.ts";
import { itemsOf, metaOf, partOf, textOf } from "../../../kube/json-object.ts";
import { userInfo } from "../reviews.ts";
import type { Store } from "../storage/store.ts";
import type { Admission, AdmissionAttempt } from "./admission.ts";
import type { Authorizer } from "../auth/rbac.ts";
import { admitBuiltin } from "./builtin.ts";
import { refuseEscalation } from "./escalation.ts";

const GROUP = "admissionregistration.k8s.io";
const MAXIMUM_ANSWER_BYTES = 3 * 1024 * 1024;

interface Configured {
  webhook: JsonObject;
  /** `NAME.CONFIGURATION` order: by configuration name, then as listed. */
  configuration: string;
}

/** Admission: the cluster's own plugins, then the configured webhooks. */
export function createAdmission(store: Store, authorizer: Authorizer): Admission {
  const tables = {
    mutating: store.table(`${GROUP}/mutatingwebhookconfigurations`),
    validating: store.table(`${GROUP}/validatingwebhookconfigurations`),
  };
  const configured = (which: "mutating" | "validating", attempt: AdmissionAttempt): Configured[] =>
    [...tables[which].values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((stored) =>
        itemsOf(JSON.parse(stored.json) as JsonObject, "webhooks").map((webhook) => ({
          webhook,
          configuration: stored.name,
        })),
      )
      .filter(({ webhook }) => appliesTo(store, webhook, attempt));
  return {
    isActive: () => tables.mutating.size + tables.validating.size > 0,
    admit(attempt, warnings) {
      refuseEscalation(authorizer, attempt);
      admitBuiltin(store, attempt, warnings);
    },
    async mutate(attempt, warnings) {
      let { object } = attempt;
      for (const { webhook } of configured("mutating", attempt)) {
        const answer = await ask(store, webhook, { ...attempt, object }, warnings);
        if (answer !== undefined) object = applyAnswer(webhook, object, answer);
      }
      return object;
    },
    async validate(attempt, warnings) {
      await Promise.all(
        configured("validating", attempt).map(({ webhook }) => ask(store, webhook, attempt, warnings)),
      );
    },
  };
}

function includes(list: unknown, value: string): boolean {
  return Array.isArray(list) && (list.includes("*") || list.includes(value));
}

function appliesTo(store: Store, webhook: JsonObject, attempt: AdmissionAttempt): boolean {
  const { resource, namespace } = attempt;
  // Webhooks cannot stand in the way of their own configuration.
  if (resource.group === GROUP) return false;
  const scope = resource.namespaced ? "Namespaced" : "Cluster";
  const plural = attempt.subresource === "" ? resource.plural : `${resource.plural}/${attempt.subresource}`;
  const matchesRule = itemsOf(webhook, "rules").some(
    (rule) =>
      includes(rule["operations"], attempt.operation) &&
      includes(rule["apiGroups"], resource.group) &&
      includes(rule["apiVersions"], resource.version) &&
      matchesResource(rule["resources"], plural) &&
      ["*", scope].includes(textOf(rule, "scope") || "*"),
  );
  if (!matchesRule) return false;
  const matches = (selector: JsonObject, labels: Readonly<Record<string, string>> | undefined) =>
    labelsMatch(labelSelectorOf(selector as ObjectLabelSelector), labels);
  if (resource.namespaced) {
    const labels = store.table("/namespaces").get(namespace)?.labels;
    if (!matches(partOf(webhook, "namespaceSelector"), labels)) return false;
  }
  const selector = partOf(webhook, "objectSelector");
  return [attempt.object, attempt.old].some(
    (object) => object !== undefined && matches(selector, metaOf(object).labels),
  );
}

function matchesResource(list: unknown, plural: string): boolean {
  if (!Array.isArray(list)) return false;
  const [resource = "", subresource = ""] = plural.split("/");
  const wildcards = subresource === "" ? ["*"] : [`${resource}/*`, `*/${subresource}`];
  return list.some((wanted) => wanted === plural || wanted === "*/*" || wildcards.includes(String(wanted)));
}

/** The webhook's answer; undefined where it could not be asked and may be passed over. */
async function ask(
  store: Store,
  webhook: JsonObject,
  attempt: AdmissionAttempt,
  warnings: string[],
): Promise<JsonObject | undefined> {
  const name = textOf(webhook, "name");
  if (attempt.dryRun && !["None", "NoneOnDryRun"].includes(textOf(webhook, "sideEffects"))) {
    throw failure(400, "BadRequest", `admission webhook "${name}" does not support dry run`);
  }
  const uid = randomUUID();
  let answer: JsonObject;
  try {
    answer = await post(store, webhook, reviewOf(attempt, uid, webhook));
  } catch (error) {
    if (textOf(webhook, "failurePolicy") === "Ignore") return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw failure(500, "InternalError", `Internal error occurred: failed calling webhook "${name}": ${why}`, {
      causes: [{ message: `failed calling webhook "${name}": ${why}` }],
    });
  }
  for (const warning of Array.isArray(answer["warnings"]) ? answer["warnings"] : []) {
    warnings.push(String(warning));
  }
  if (answer["allowed"] === true) return answer;
  throw denial(name, partOf(answer, "status"));
}

function denial(name: string, status: JsonObject): StatusError {
  const message = textOf(status, "message");
  const reason = textOf(status, "reason");
  const code = typeof status["code"] === "number" && status["code"] >= 400 ? status["code"] : 403;
  const why = message || reason;
  const error = failure(
    code,
    undefined,
    why === ""
      ? `admission webhook "${name}" denied the request without explanation`
      : `admission webhook "${name}" denied the request: ${why}`,
  );
  error.status.reason = (reason || (code === 403 ? "Forbidden" : "")) as NonNullable<
    typeof error.status.reason
  >;
  return error;
}

function reviewOf(attempt: AdmissionAttempt, uid: string, webhook: JsonObject): JsonObject {
  const { resource, subresource, namespace, name, operation, object, old, dryRun, user } = attempt;
  const kind = { group: resource.group, version: resource.version, kind: resource.kind };
  const plural = { group: resource.group, version: resource.version, resource: resource.plural };
  const versions = webhook["admissionReviewVersions"];
  const version = includes(versions, "v1") ? "v1" : "v1beta1";
  return {
    kind: "AdmissionReview",
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      kind,
      resource: plural,
      ...(subresource === "" ? {} : { subResource: subresource }),
      requestKind: kind,
      requestResource: plural,
      name,
      ...(namespace === "" ? {} : { namespace }),
      operation,
      userInfo: userInfo(user),
      object: object ?? null,
      oldObject: old ?? null,
      dryRun,
      options: null,
    },
  };
}

function applyAnswer(
  webhook: JsonObject,
  object: JsonObject | undefined,
  answer: JsonObject,
): JsonObject | undefined {
  const encoded = textOf(answer, "patch");
  if (encoded === "" || object === undefined) return object;
  const refuse = (why: string) =>
    failure(
      500,
      "InternalError",
      `Internal error occurred: admission webhook "${textOf(webhook, "name")}" sent a patch that does not apply: ${why}`,
    );
  try {
    const parsed = parseJsonPatch(JSON.parse(Buffer.from(encoded, "base64").toString("utf8")));
    if (parsed.error !== undefined) throw refuse(parsed.error);
    const result = applyJsonPatch(object, parsed.value);
    if (result.error !== undefined) throw refuse(result.error);
    if (!isJsonObject(result.value)) throw refuse("the result is no object");
    return result.value;
  } catch (error) {
    throw error instanceof StatusError
      ? error
      : refuse(error instanceof Error ? error.message : String(error));
  }
}

/** Where a webhook listens. A Service is reached through an ExternalName, since nothing routes here. */
function addressOf(store: Store, webhook: JsonObject): URL {
  const client = partOf(webhook, "clientConfig");
  if (textOf(client, "url") !== "") return new URL(textOf(client, "url"));
  const service = partOf(client, "service");
  const key = `${textOf(service, "namespace")}/${textOf(service, "name")}`;
  const stored = store.table("/services").get(key);
  if (stored === undefined) throw new Error(`service "${textOf(service, "name")}" not found`);
  const host = textOf(partOf(JSON.parse(stored.json) as JsonObject, "spec"), "externalName");
  if (host === "") {
    throw new Error(
      `service ${key} has no address here: give it type ExternalName and the address of the webhook's process`,
    );
  }
  return new URL(`https://${host}:${String(service["port"] ?? 443)}${textOf(service, "path") || "/"}`);
}

async function post(store: Store, webhook: JsonObject, review: JsonObject): Promise<JsonObject> {
  const url = addressOf(store, webhook);
  url.searchParams.set("timeout", `${String(webhook["timeoutSeconds"] ?? 10)}s`);
  const caBundle = textOf(partOf(webhook, "clientConfig"), "caBundle");
  const text = await exchange(url, JSON.stringify(review), {
    timeoutMs: Number(webhook["timeoutSeconds"] ?? 10) * 1000,
    ca: caBundle === "" ? undefined : Buffer.from(caBundle, "base64").toString("utf8"),
    servername: serverName(webhook),
  });
  const answer = (JSON.parse(text) as JsonObject)["response"];
  if (!isJsonObject(answer)) throw new Error("webhook response is absent");
  const uid = partOf(review, "request")["uid"];
  if (answer["uid"] !== uid)
    throw new Error(`expected response.uid ${JSON.stringify(uid)}, got ${JSON.stringify(answer["uid"])}`);
  return answer;
}

/** A webhook behind a Service has a certificate for the Service's name. */
function serverName(webhook: JsonObject): string | undefined {
  const service = partOf(partOf(webhook, "clientConfig"), "service");
  const name = textOf(service, "name");
  return name === "" ? undefined : `${name}.${textOf(service, "namespace")}.svc`;
}

function exchange(
  url: URL,
  body: string,
  options: { timeoutMs: number; ca: string | undefined; servername: string | undefined },
): Promise<string> {
  const { timeoutMs, ca, servername } = options;
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const signal = AbortSignal.timeout(timeoutMs);
  const base = { method: "POST", headers, signal };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "http:"
        ? httpRequest(url, base)
        : httpsRequest(url, {
            ...base,
            ...(ca === undefined ? {} : { ca }),
            ...(servername === undefined ? {} : { servername }),
          });
    request.on("error", (error) =>
      reject(signal.aborted ? new Error(`Post "${url.href}": context deadline exceeded`) : error),
    );
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > MAXIMUM_ANSWER_BYTES)
          request.destroy(new Error("the webhook's answer is too large"));
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`the server answered ${response.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    request.end(body);
  });
}
