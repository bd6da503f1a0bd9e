import type { ResourceRequirements } from "../../kube/builtin.ts";
import { compareQuantities, parseQuantity } from "../../kube/quantity.ts";

type Amounts = NonNullable<ResourceRequirements["requests"]>;

/** Complete, so that a ResourceQuota on whichever of them refuses no pod for its git containers. */
const BUILT_IN = {
  requests: { cpu: "100m", memory: "128Mi" },
  limits: { cpu: "2", memory: "1Gi" },
} as const satisfies ResourceRequirements;

/**
 * What the containers that run git ask for: each amount from the first of `chosen` that sets it, else the built-in one,
 * which gives way if it would make a request larger than its limit.
 */
export function gitResources(
  ...chosen: readonly (ResourceRequirements | undefined)[]
): Required<ResourceRequirements> {
  const given = (part: "requests" | "limits"): Amounts =>
    Object.assign({}, ...chosen.toReversed().map((each) => each?.[part])) as Amounts;
  const requests = given("requests");
  const limits = given("limits");
  return {
    requests: { ...mapped(BUILT_IN.requests, (name, own) => lesser(own, limits[name])), ...requests },
    limits: { ...mapped(BUILT_IN.limits, (name, own) => greater(own, requests[name])), ...limits },
  };
}

function mapped(
  amounts: Amounts,
  change: (name: string, amount: string | number) => string | number,
): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, change(name, amount)]));
}

function lesser(a: string | number, b: string | number | undefined): string | number {
  return b !== undefined && compare(b, a) < 0 ? b : a;
}

function greater(a: string | number, b: string | number | undefined): string | number {
  return b !== undefined && compare(b, a) > 0 ? b : a;
}

/** 0 if one of them is no quantity: the API server says so. */
function compare(a: string | number, b: string | number): number {
  const [first, second] = [parseQuantity(String(a)), parseQuantity(String(b))];
  return first.value && second.value ? compareQuantities(first.value, second.value) : 0;
}
