import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { isObject, objectAt, textAt } from "../../../../kube/json.ts";
import { dnsSubdomainErrors } from "../../../../kube/names.ts";
import { between, checkRules, oneOf, present, type Check, type Rule } from "./rule-table.ts";

/** Where a webhook is and what it is asked about. Source: apiserver pkg/util/webhook/validation.go and pkg/apis/admissionregistration/validation. */

const SERVICE: readonly Rule[] = [
  ["name", present()],
  ["namespace", present()],
  ["path", pathErrors],
  ["port", between(1, 65535, "port is not valid: must be between 1 and 65535, inclusive")],
];

/** Everything wrong with a webhook's `clientConfig`. */
export function clientErrors(value: unknown, at: string): FieldError[] {
  const client = isObject(value) ? value : {};
  if ("url" in client === "service" in client) {
    return [field.required(at, "exactly one of url or service is required")];
  }
  if ("url" in client) return urlErrors(textAt(client, "url"), `${at}.url`);
  return checkRules(SERVICE, objectAt(client, "service"), `${at}.service`);
}

const FORM = "desired format: https://host[/path]";

function urlErrors(url: string, at: string): FieldError[] {
  const parts = /^(?:([^:/?#]+):)?(?:\/\/(?:([^@/?#]*)@)?([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(
    url,
  );
  const [, scheme = "", user, host = "", query = "", fragment = ""] = parts ?? [];
  const errors: FieldError[] = [];
  // Tests and demonstrations may answer on this machine without a certificate.
  const isLocal = scheme === "http" && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
  if (scheme !== "https" && !isLocal) {
    errors.push(field.invalid(at, scheme, `'https' is the only allowed URL scheme; ${FORM}`));
  }
  if (host === "") errors.push(field.invalid(at, host, `host must be specified; ${FORM}`));
  const refused = [
    ["user information", user ?? ""],
    ["fragments", fragment],
    ["query parameters", query],
  ] as const;
  for (const [what, found] of refused) {
    const verb = what === "user information" ? "is" : "are";
    if (found !== "") errors.push(field.invalid(at, found, `${what} ${verb} not permitted in the URL`));
  }
  return errors;
}

function pathErrors(value: unknown, at: string): FieldError[] {
  const path = typeof value === "string" ? value : "";
  if (path === "" || path === "/") return [];
  const errors: FieldError[] = [];
  if (!path.startsWith("/")) errors.push(field.invalid(at, path, "must start with a '/'"));
  const segments = path.replace(/\/$/, "").split("/").slice(1);
  if (segments.length === 0) return [...errors, field.invalid(at, path, "segment[0] may not be empty")];
  for (const [index, segment] of segments.entries()) {
    if (segment === "") {
      errors.push(field.invalid(at, path, `segment[${index}] may not be empty`));
      continue;
    }
    for (const detail of dnsSubdomainErrors(segment)) {
      errors.push(field.invalid(at, path, `segment[${index}]: ${detail}`));
    }
  }
  return errors;
}

/** A list that has to be there, in which "*" is alone. */
function alone(others: string): Check {
  return (value, at) => {
    const items: unknown[] = Array.isArray(value) ? value : [];
    if (items.length === 0) return [field.required(at)];
    if (items.length === 1 || !items.includes("*")) return [];
    return [field.invalid(at, items, `if '*' is present, must not specify other ${others}`)];
  };
}

function resourcesErrors(value: unknown, at: string): FieldError[] {
  const resources = Array.isArray(value) ? value.map(String) : [];
  if (resources.length === 0) return [field.required(at)];
  const whole = new Set<string>();
  const everywhere = new Set<string>();
  const errors = resources.flatMap((text, index) => {
    const here = `${at}[${index}]`;
    if (text === "") return [field.required(here)];
    const [resource = "", subresource] = text.split(/\/(.*)/s);
    if (subresource === "*") whole.add(resource);
    if (resource === "*" && subresource !== undefined) everywhere.add(subresource);
    if (subresource !== undefined && subresource !== "*" && whole.has(resource)) {
      return [field.invalid(here, text, `if '${resource}/*' is present, must not specify ${text}`)];
    }
    if (subresource !== undefined && resource !== "*" && everywhere.has(subresource)) {
      return [field.invalid(here, text, `if '*/${subresource}' is present, must not specify ${text}`)];
    }
    return [];
  });
  if (resources.length > 1 && resources.includes("*/*")) {
    errors.push(field.invalid(at, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes("*") && resources.filter((text) => !text.includes("/")).length > 1) {
    const words = "if '*' is present, must not specify other resources without subresources";
    errors.push(field.invalid(at, resources, words));
  }
  return errors;
}

/** One rule of a webhook. */
export const ADMISSION_RULE: readonly Rule[] = [
  ["operations", alone("operations")],
  ["operations[]", oneOf("*", "CONNECT", "CREATE", "DELETE", "UPDATE")],
  ["apiGroups", alone("API groups")],
  ["apiVersions", alone("API versions")],
  ["apiVersions[]", present()],
  ["resources", resourcesErrors],
  ["scope", oneOf("*", "Cluster", "Namespaced")],
];
