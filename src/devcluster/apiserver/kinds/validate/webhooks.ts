import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectAt, objectsAt, textAt } from "../../../../kube/json.ts";
import { dnsSubdomainErrors } from "../../../../kube/names.ts";
import { labelSelector } from "./label-selector.ts";
import { between, checkRules, oneOf, present, type Rule } from "./rule-table.ts";

/** Validation of webhook configurations. Source: kubernetes pkg/apis/admissionregistration/validation. */

const WEBHOOK: readonly Rule[] = [
  ["admissionReviewVersions", present("must specify one of v1, v1beta1")],
  ["sideEffects", present("must specify one of None, NoneOnDryRun"), oneOf("None", "NoneOnDryRun")],
  ["timeoutSeconds", between(1, 30, "the timeout value must be between 1 and 30 seconds")],
  ["failurePolicy", oneOf("Fail", "Ignore")],
  ["matchPolicy", oneOf("Equivalent", "Exact")],
  ["reinvocationPolicy", oneOf("IfNeeded", "Never")],
  ["namespaceSelector", labelSelector],
  ["objectSelector", labelSelector],
  ["clientConfig", clientErrors],
  ["rules[].operations", present()],
  ["rules[].operations[]", oneOf("*", "CONNECT", "CREATE", "DELETE", "UPDATE")],
  ["rules[].apiGroups", present()],
  ["rules[].apiVersions", present()],
  ["rules[].resources", present()],
  ["rules[].scope", oneOf("*", "Cluster", "Namespaced")],
  ["matchConditions", conditionErrors],
];

/** Everything wrong with a webhook configuration. */
export function validateWebhooks(object: MutableObject): FieldError[] {
  const seen = new Set<string>();
  return objectsAt(object, "webhooks").flatMap((webhook, index) => {
    const path = `webhooks[${index}]`;
    const name = textAt(webhook, "name");
    const errors = nameErrors(name, `${path}.name`);
    if (seen.has(name)) errors.push(field.duplicate(`${path}.name`, name));
    seen.add(name);
    return [...errors, ...checkRules(WEBHOOK, webhook, path)];
  });
}

function nameErrors(name: string, at: string): FieldError[] {
  if (name === "") return [field.required(at)];
  const errors = dnsSubdomainErrors(name).map((detail) => field.invalid(at, name, detail));
  if (name.split(".").length < 3) {
    const words = "should be a domain with at least three segments separated by dots";
    errors.push(field.invalid(at, name, words));
  }
  return errors;
}

const SERVICE: readonly Rule[] = [
  ["name", present()],
  ["namespace", present()],
  ["port", between(1, 65535, "port is not valid: must be between 1 and 65535, inclusive")],
];

function clientErrors(value: unknown, at: string): FieldError[] {
  const client = isObject(value) ? value : {};
  if ("url" in client === "service" in client) {
    return [field.required(at, "exactly one of url or service is required")];
  }
  if ("service" in client) return checkRules(SERVICE, objectAt(client, "service"), `${at}.service`);
  const [, scheme = "", host = ""] = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?/.exec(textAt(client, "url")) ?? [];
  const form = "desired format: https://host[/path]";
  if (host === "") return [field.invalid(`${at}.url`, host, `host must be specified; ${form}`)];
  // Tests and demonstrations may answer on this machine without a certificate.
  const isLocal = scheme === "http" && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
  if (scheme === "https" || isLocal) return [];
  return [field.invalid(`${at}.url`, scheme, `'https' is the only allowed URL scheme; ${form}`)];
}

/** Refused rather than passed over: the webhook would be asked about more than its author wants. */
function conditionErrors(value: unknown, at: string): FieldError[] {
  if (!Array.isArray(value) || value.length === 0) return [];
  return [field.forbidden(at, "this development cluster does not evaluate match conditions")];
}
