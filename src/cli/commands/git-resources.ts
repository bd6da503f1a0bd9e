import type { ResourceRequirements } from "../../kube/builtin.ts";
import { parseQuantity } from "../../kube/quantity.ts";
import { UsageError } from "../command.ts";
import { parseResource } from "../resources.ts";

/**
 * What texts such as `limits.memory=2Gi` ask for together; undefined if there are none. Throws UsageError for an amount
 * that is no quantity; texts of another shape were refused when the options were read.
 */
export function resourcesOf(texts: readonly string[]): ResourceRequirements | undefined {
  if (texts.length === 0) return undefined;
  const wanted = { requests: {} as Record<string, string>, limits: {} as Record<string, string> };
  for (const text of texts) {
    const parsed = parseResource(text);
    if (parsed.error !== undefined) throw new UsageError(`${text}: ${parsed.error}`);
    const { part, name, amount } = parsed.resource;
    if (parseQuantity(amount).error !== undefined) throw new UsageError(`${text}: ${amount} is no quantity`);
    wanted[part][name] = amount;
  }
  return wanted;
}
