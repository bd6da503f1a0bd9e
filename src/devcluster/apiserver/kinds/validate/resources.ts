import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../../kube/json.ts";
import { qualifiedNameErrors } from "../../../../kube/names.ts";
import { compareQuantities, parseQuantity } from "../../../../kube/quantity.ts";

/** What a container may ask for. Source: kubernetes pkg/apis/core/validation ValidateContainerResourceRequirements. */

const OF_CONTAINERS = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;
const STANDARD =
  /^(cpu|memory|ephemeral-storage|hugepages-.+|(requests|limits)\.(cpu|memory|ephemeral-storage)|pods|services|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|storage|requests\.storage|services\.(nodeports|loadbalancers))$/;

/** Whether a resource belongs to a vendor, and so is counted in whole pieces and never overcommitted. */
function isExtended(name: string): boolean {
  return name.includes("/") && !/^([^/]+\.)?kubernetes\.io\//.test(name) && !name.startsWith("requests.");
}

function nameErrors(name: string, at: string): FieldError[] {
  const errors = qualifiedNameErrors(name).map((detail) => field.invalid(at, name, detail));
  if (errors.length > 0 || name.includes("/")) return errors;
  if (!STANDARD.test(name)) {
    errors.push(field.invalid(at, name, "must be a standard resource type or fully qualified"));
  }
  if (!OF_CONTAINERS.test(name)) {
    errors.push(field.invalid(at, name, "must be a standard resource for containers"));
  }
  return errors;
}

function amountErrors(name: string, amount: unknown, at: string): FieldError[] {
  const value = parseQuantity(String(amount)).value;
  const zero = parseQuantity("0").value;
  if (value === undefined || zero === undefined) return [];
  if (compareQuantities(value, zero) < 0) {
    return [field.invalid(at, amount, "must be greater than or equal to 0")];
  }
  const isWhole = !/(n|u|m)$/.test(String(amount)) && !String(amount).includes(".");
  return isExtended(name) && !isWhole ? [field.invalid(at, amount, "must be an integer")] : [];
}

function requestErrors(resources: MutableObject, at: string): FieldError[] {
  const limits = objectAt(resources, "limits");
  const requests = objectAt(resources, "requests");
  return Object.entries(requests).flatMap(([name, amount]) => {
    const isStrict = isExtended(name) || name.startsWith("hugepages-");
    if (!(name in limits)) {
      if (!isStrict) return [];
      return [field.required(`${at}.limits`, "Limit must be set for non overcommitable resources")];
    }
    const value = parseQuantity(String(amount)).value;
    const limit = parseQuantity(String(limits[name])).value;
    if (value === undefined || limit === undefined) return [];
    const compared = compareQuantities(value, limit);
    const here = `${at}.requests`;
    if (isStrict && compared !== 0) {
      return [field.invalid(here, amount, `must be equal to ${name} limit of ${String(limits[name])}`)];
    }
    if (compared <= 0) return [];
    const words = `must be less than or equal to ${name} limit of ${String(limits[name])}`;
    return [field.invalid(here, amount, words)];
  });
}

/** Everything wrong with a container's `resources`; `claims` are the names of the pod's own. */
export function validateResources(
  resources: MutableObject,
  at: string,
  claims: readonly string[] = [],
): FieldError[] {
  const errors = ["limits", "requests"].flatMap((list) =>
    Object.entries(objectAt(resources, list)).flatMap(([name, amount]) => {
      const path = `${at}.${list}[${name}]`;
      return [...nameErrors(name, path), ...amountErrors(name, amount, path)];
    }),
  );
  errors.push(...requestErrors(resources, at));
  const names = new Set(["limits", "requests"].flatMap((list) => Object.keys(objectAt(resources, list))));
  const hasHuge = [...names].some((name) => name.startsWith("hugepages-"));
  if (hasHuge && !names.has("cpu") && !names.has("memory")) {
    errors.push(field.forbidden(at, "HugePages require cpu or memory"));
  }
  for (const [index, claim] of objectsAt(resources, "claims").entries()) {
    const name = textAt(claim, "name");
    if (claims.includes(name)) continue;
    const listed = claims.length === 0 ? " which is empty" : "";
    const here = `${at}.claims[${index}]`;
    const { reason, message: what } = field.notFound(here, name);
    const message = `${what}: must be one of the names in pod.spec.resourceClaims${listed}`;
    errors.push({ reason, message, field: here });
  }
  return errors;
}
