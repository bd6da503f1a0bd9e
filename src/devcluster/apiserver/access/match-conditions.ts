import type { CelEnv } from "@bufbuild/cel";
import { type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";
import { compileExpression, type Program } from "../../../kube/schema/cel/expression.ts";
import { createCelEnvironment } from "../../../kube/schema/cel/library.ts";
import { celValue } from "../../../kube/schema/cel/values.ts";
import { forbidden } from "../answers/status-error.ts";
import type { AdmissionAttempt } from "./admission-attempt.ts";
import { reviewOf } from "./webhook-review.ts";

/**
 * Whether the match conditions of a webhook want it to be asked about a write; throws 403 if that cannot
 * be decided and the webhook may not be passed over. Source: apiserver admission/plugin/webhook/matchconditions.
 */
export type ConditionMatcher = (webhook: MutableObject, attempt: AdmissionAttempt) => boolean;

/** A matcher that compiles the conditions of a webhook once, as long as it is given the same value. */
export function createConditionMatcher(): ConditionMatcher {
  let environment: CelEnv | undefined;
  const compiled = new WeakMap<MutableObject, readonly Condition[]>();
  const conditionsOf = (webhook: MutableObject): readonly Condition[] => {
    let conditions = compiled.get(webhook);
    if (conditions === undefined) {
      const cel = (environment ??= createCelEnvironment());
      conditions = objectsAt(webhook, "matchConditions").map((condition) => {
        const source = textAt(condition, "expression").trim();
        return { source, program: compileExpression(cel, source) };
      });
      compiled.set(webhook, conditions);
    }
    return conditions;
  };
  return (webhook, attempt) => {
    if (objectsAt(webhook, "matchConditions").length === 0) return true;
    return holdAll(conditionsOf(webhook), webhook, attempt);
  };
}

interface Condition {
  readonly source: string;
  readonly program: Program;
}

function holdAll(
  conditions: readonly Condition[],
  webhook: MutableObject,
  attempt: AdmissionAttempt,
): boolean {
  const { uid: _uid, object, oldObject, ...request } = objectAt(reviewOf(attempt, "", webhook), "request");
  const variables = {
    object: celValue(undefined, object),
    oldObject: celValue(undefined, oldObject),
    request: celValue(undefined, request),
  };
  const errors: string[] = [];
  for (const { source, program } of conditions) {
    const result = program.run(variables);
    // One that does not hold decides, whatever went wrong with others.
    if ("value" in result && result.value === false) return false;
    if ("error" in result) errors.push(`expression '${source}' resulted in error: ${result.error}`);
  }
  if (errors.length === 0) return true;
  if (textAt(webhook, "failurePolicy") === "Ignore") return false;
  const { resource, name } = attempt;
  const why = errors.length === 1 ? `${errors[0]}` : `[${errors.join(", ")}]`;
  throw forbidden({ group: resource.group, resource: resource.plural }, name, why);
}
