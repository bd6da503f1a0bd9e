import { decodeBase64 } from "../../../kube/base64.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { isObject, objectsAt, objectAt, textAt } from "../../../kube/json.ts";
import { applyJsonPatch, parseJsonPatch } from "../patch/json-patch.ts";
import { labelSelectorOf, labelsMatch, type ObjectLabelSelector } from "../../../kube/selectors.ts";
import { badRequest, failure, StatusError } from "../answers/status-error.ts";
import type { AdmissionAttempt } from "./admission-attempt.ts";
import type { StoredObjects } from "./stored-objects.ts";
import { userInfo } from "./user.ts";

/** Which webhooks are asked about a write, what they get, and what their answers mean. Source: apiserver admission/plugin/webhook. */

function includes(list: unknown, value: string): boolean {
  return Array.isArray(list) && (list.includes("*") || list.includes(value));
}

function matchesResource(list: unknown, plural: string): boolean {
  if (!Array.isArray(list)) return false;
  const [resource = "", subresource = ""] = plural.split("/");
  const wildcards = subresource === "" ? ["*"] : [`${resource}/*`, `*/${subresource}`];
  return list.some((wanted) => wanted === plural || wanted === "*/*" || wildcards.includes(String(wanted)));
}

const STORAGE = {
  mutating: "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  validating: "admissionregistration.k8s.io/validatingwebhookconfigurations",
};

/** Whether there is any webhook. */
export function hasWebhooks(objects: StoredObjects): boolean {
  for (const storage of Object.values(STORAGE)) for (const _ of objects.list(storage)) return true;
  return false;
}

/** The webhooks that are to be asked about a write, in the order of their configurations' names. */
export function webhooksFor(
  objects: StoredObjects,
  which: keyof typeof STORAGE,
  attempt: AdmissionAttempt,
): MutableObject[] {
  const namespace = objects.get("/namespaces", attempt.namespace);
  return [...objects.list(STORAGE[which])]
    .sort((a, b) => ((metaOf(a).name ?? "") < (metaOf(b).name ?? "") ? -1 : 1))
    .flatMap((configuration) => objectsAt(configuration, "webhooks"))
    .filter((webhook) => appliesTo(webhook, attempt, namespace && metaOf(namespace).labels));
}

/** Whether a webhook is to be asked about a write. */
function appliesTo(
  webhook: MutableObject,
  attempt: AdmissionAttempt,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): boolean {
  const { resource } = attempt;
  // Webhooks cannot block their own configuration.
  if (resource.group === "admissionregistration.k8s.io") return false;
  const scope = resource.namespaced ? "Namespaced" : "Cluster";
  const plural = attempt.subresource === "" ? resource.plural : `${resource.plural}/${attempt.subresource}`;
  const matchesRule = objectsAt(webhook, "rules").some(
    (rule) =>
      includes(rule["operations"], attempt.operation) &&
      includes(rule["apiGroups"], resource.group) &&
      includes(rule["apiVersions"], resource.version) &&
      matchesResource(rule["resources"], plural) &&
      ["*", scope].includes(textAt(rule, "scope") || "*"),
  );
  if (!matchesRule) return false;
  const matches = (selector: MutableObject, labels: Readonly<Record<string, string>> | undefined) =>
    labelsMatch(labelSelectorOf(selector as ObjectLabelSelector), labels);
  if (resource.namespaced && !matches(objectAt(webhook, "namespaceSelector"), namespaceLabels)) return false;
  const selector = objectAt(webhook, "objectSelector");
  return [attempt.object, attempt.old].some(
    (object) => object !== undefined && matches(selector, metaOf(object).labels),
  );
}

/** Throws 400 if a write is only tried and the webhook could not be asked without consequences. */
export function refuseDryRun(webhook: MutableObject, attempt: AdmissionAttempt): void {
  if (!attempt.dryRun || ["None", "NoneOnDryRun"].includes(textAt(webhook, "sideEffects"))) return;
  throw badRequest(`admission webhook "${textAt(webhook, "name")}" does not support dry run`);
}

/** What a webhook's answer says about the review with this uid; throws if it says nothing. */
export function readReview(text: string, uid: string): MutableObject {
  const { response } = JSON.parse(text) as MutableObject;
  if (!isObject(response)) throw new Error("webhook response is absent");
  if (response["uid"] === uid) return response;
  throw new Error(`expected response.uid ${JSON.stringify(uid)}, got ${JSON.stringify(response["uid"])}`);
}

/** What comes of a webhook that could not be asked: nothing if it may be passed over, else 500. */
export function unanswered(webhook: MutableObject, error: unknown): undefined {
  if (textAt(webhook, "failurePolicy") === "Ignore") return undefined;
  const why = error instanceof Error ? error.message : String(error);
  const message = `failed calling webhook "${textAt(webhook, "name")}": ${why}`;
  throw failure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}

/** Warns of what a webhook warns of; throws its refusal. */
export function requireAllowed(
  webhook: MutableObject,
  attempt: AdmissionAttempt,
  answer: MutableObject,
): void {
  for (const warning of Array.isArray(answer["warnings"]) ? answer["warnings"] : []) {
    attempt.warnings.push(String(warning));
  }
  if (answer["allowed"] !== true) throw denial(textAt(webhook, "name"), objectAt(answer, "status"));
}

/** The refusal of a webhook as the client sees it. */
function denial(name: string, status: MutableObject): StatusError {
  const message = textAt(status, "message");
  const reason = textAt(status, "reason");
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

/** The AdmissionReview that a webhook is sent. */
export function reviewOf(attempt: AdmissionAttempt, uid: string, webhook: MutableObject): MutableObject {
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
      ...(subresource === "" ? {} : { requestSubResource: subresource }),
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

/** The object as a mutating webhook wants it; throws 500 if its patch does not apply. */
export function applyAnswer(
  webhook: MutableObject,
  object: MutableObject | undefined,
  answer: MutableObject,
): MutableObject | undefined {
  const encoded = textAt(answer, "patch");
  if (encoded === "" || object === undefined) return object;
  const refuse = (why: string) =>
    failure(
      500,
      "InternalError",
      `Internal error occurred: admission webhook "${textAt(webhook, "name")}" sent a patch that does not apply: ${why}`,
    );
  try {
    const parsed = parseJsonPatch(JSON.parse(decodeBase64(encoded)));
    if (parsed.error !== undefined) throw refuse(parsed.error);
    const result = applyJsonPatch(object, parsed.value);
    if (result.error !== undefined) throw refuse(result.error);
    if (!isObject(result.value)) throw refuse("the result is no object");
    return result.value;
  } catch (error) {
    throw error instanceof StatusError
      ? error
      : refuse(error instanceof Error ? error.message : String(error));
  }
}
