import { matches, type Rule } from "../schema/rule.ts";
import { SIZE_PATTERN } from "./values.ts";

/** What an amount's number is multiplied with. Longer units first: `Mi` ends with no other one. */
const UNITS: Readonly<Record<string, string>> = {
  Ki: "* 1024.0",
  Mi: "* 1048576.0",
  Gi: "* 1073741824.0",
  Ti: "* 1099511627776.0",
  Pi: "* 1125899906842624.0",
  Ei: "* 1152921504606846976.0",
  n: "/ 1e9",
  u: "/ 1e6",
  m: "/ 1e3",
  k: "* 1e3",
  M: "* 1e6",
  G: "* 1e9",
  T: "* 1e12",
  P: "* 1e15",
  E: "* 1e18",
};

/** CEL: an amount as a number. The library that reads them is not in every Kubernetes that the operator is for. */
function numberOf(amount: string): string {
  const choices = Object.entries(UNITS).map(
    ([unit, factor]) =>
      `${amount}.endsWith('${unit}') ? double(${amount}.substring(0, size(${amount}) - ${unit.length})) ${factor}`,
  );
  return `(type(${amount}) == int ? double(${amount}) : ${choices.join(" : ")} : double(${amount}))`;
}

/** What everybody sets; the API server compares all amounts once there is a pod. */
const COMPARED = ["cpu", "memory"] as const;

/** On requests and limits. */
export const requestsWithinLimits: readonly Rule[] = COMPARED.map((name) => {
  // By index: of what is selected from a map by its name, an API server does not know the size, and refuses the rule.
  const [request, limit] = [`self.requests['${name}']`, `self.limits['${name}']`];
  const both = `has(self.requests) && has(self.limits) && '${name}' in self.requests && '${name}' in self.limits`;
  return {
    rule: `!(${both}) || ${numberOf(request)} <= ${numberOf(limit)}`,
    fieldPath: ".requests",
    message: `the request of ${name} must not be above its limit`,
  };
});

/** On a size that stands alone: in a list or map the cost of the rule would be too high. */
export const aSize: Rule = {
  rule: `type(self) == int || ${matches("self", SIZE_PATTERN)}`,
  message: "must be an amount of storage above zero, such as 10Gi or 500Mi",
};
