import type { FieldError } from "../../field-errors.ts";
import * as field from "../../field-errors.ts";
import { itemsOf, partOf, textOf, type JsonObject } from "../../json-object.ts";
import { qualifiedNameErrors } from "../../names.ts";
import { compileWith, usesVariable } from "../../schema/cel/compile-errors.ts";
import { kindType, printType, type DeclType } from "../../schema/cel/decl-type.ts";

/** Validation of webhook configurations. Source: kubernetes pkg/apis/admissionregistration/validation. */

/** Everything wrong with a webhook configuration. */
export function validateWebhooks(object: JsonObject): FieldError[] {
  const seen = new Set<string>();
  return itemsOf(object, "webhooks").flatMap((webhook, index) => {
    const path = `webhooks[${index}]`;
    const errors: FieldError[] = [];
    const name = textOf(webhook, "name");
    if (name.split(".").length < 3) {
      errors.push(
        field.invalid(
          `${path}.name`,
          name,
          "should be a domain with at least three segments separated by dots",
        ),
      );
    }
    if (seen.has(name)) errors.push(field.duplicate(`${path}.name`, name));
    seen.add(name);
    if (((webhook["admissionReviewVersions"] as unknown[] | undefined) ?? []).length === 0) {
      errors.push(field.required(`${path}.admissionReviewVersions`, "must specify one of v1, v1beta1"));
    }
    const effects = ["None", "NoneOnDryRun"];
    if (webhook["sideEffects"] === undefined) {
      errors.push(field.required(`${path}.sideEffects`, "must specify one of None, NoneOnDryRun"));
    } else if (!effects.includes(textOf(webhook, "sideEffects"))) {
      errors.push(field.notSupported(`${path}.sideEffects`, webhook["sideEffects"], effects));
    }
    const timeout = Number(webhook["timeoutSeconds"]);
    if (timeout < 1 || timeout > 30) {
      errors.push(
        field.invalid(
          `${path}.timeoutSeconds`,
          timeout,
          "the timeout value must be between 1 and 30 seconds",
        ),
      );
    }
    const client = partOf(webhook, "clientConfig");
    if ("url" in client === "service" in client) {
      errors.push(field.required(`${path}.clientConfig`, "exactly one of url or service is required"));
    }
    return [...errors, ...matchConditionErrors(webhook, `${path}.matchConditions`)];
  });
}

const MOST_CONDITIONS = 64;

function matchConditionErrors(webhook: JsonObject, path: string): FieldError[] {
  const conditions = itemsOf(webhook, "matchConditions");
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  if (conditions.length > MOST_CONDITIONS) {
    errors.push(field.tooMany(path, conditions.length, MOST_CONDITIONS));
  }
  for (const [index, condition] of conditions.entries()) {
    const at = `${path}[${index}]`;
    const name = textOf(condition, "name");
    errors.push(...expressionErrors(textOf(condition, "expression").trim(), `${at}.expression`));
    if (name === "") errors.push(field.required(`${at}.name`));
    else errors.push(...qualifiedNameErrors(name).map((why) => field.invalid(`${at}.name`, name, why)));
    if (name !== "" && seen.has(name)) errors.push(field.duplicate(`${at}.name`, name));
    seen.add(name);
  }
  return errors;
}

function expressionErrors(source: string, path: string): FieldError[] {
  if (source === "") return [field.required(path)];
  if (usesVariable(source, "authorizer")) {
    // Refused rather than passed over: the webhook would be asked about more than its author wants.
    return [field.forbidden(path, "this development cluster does not know authorizer in match conditions")];
  }
  const compiled = compileWith(source, conditionVariables());
  if (compiled.error !== undefined) {
    return [field.invalid(path, source, `compilation failed: ${compiled.error}`)];
  }
  if (compiled.type.kind === "bool") return [];
  return [field.invalid(path, source, `must evaluate to bool but got ${printType(compiled.type)}`)];
}

/** What a match condition may look at. Source: apiserver admission/plugin/cel/compile.go. */
function conditionVariables(): Map<string, DeclType> {
  const text = kindType("string", Infinity);
  const dynamic = kindType("dyn", Infinity);
  const texts = kindType("list", Infinity, text);
  const objectOf = (fields: Record<string, DeclType>): DeclType => ({
    ...kindType("object"),
    fields: new Map(Object.entries(fields)),
  });
  const kind = objectOf({ group: text, version: text, kind: text });
  const resource = objectOf({ group: text, version: text, resource: text });
  const extra = kindType("map", Infinity, texts);
  const request = objectOf({
    kind,
    resource,
    subResource: text,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: text,
    userInfo: objectOf({ username: text, uid: text, groups: texts, extra }),
    dryRun: kindType("bool"),
    options: dynamic,
  });
  return new Map([
    ["object", dynamic],
    ["oldObject", dynamic],
    ["request", request],
  ]);
}
