import { type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt } from "../../../kube/json.ts";

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ["In", "in"],
  ["NotIn", "notin"],
]);

/** A label selector as `kubectl` prints it: `a=b,c in (d,e)`; `<none>` if it selects nothing special. */
export function formatLabelSelector(selector: MutableObject): string {
  const equal = Object.entries(objectAt(selector, "matchLabels")).map(
    ([key, value]) => `${key}=${String(value)}`,
  );
  const expressions = objectsAt(selector, "matchExpressions").map((expression) => {
    const key = String(expression["key"]);
    const operator = String(expression["operator"]);
    const values = Array.isArray(expression["values"]) ? expression["values"].join(",") : "";
    if (operator === "Exists") return key;
    return operator === "DoesNotExist"
      ? `!${key}`
      : `${key} ${OPERATORS.get(operator) ?? operator} (${values})`;
  });
  return [...equal.sort(), ...expressions].join(",") || "<none>";
}
