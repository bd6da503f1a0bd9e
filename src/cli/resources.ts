import type { ResourceRequirements } from "../kube/builtin.ts";
import { parseQuantity } from "../kube/quantity.ts";

interface Resource {
  part: "requests" | "limits";
  name: string;
  amount: string;
}

/** `limits.memory=2Gi`, or what is wrong with it. */
export function parseResource(text: string): { resource: Resource; error?: undefined } | { error: string } {
  const [, part, name = "", amount = ""] =
    /^(requests|limits)\.([a-z0-9][-./a-z0-9]*)=(.+)$/.exec(text) ?? [];
  if (part !== "requests" && part !== "limits")
    return { error: "expected requests.NAME=AMOUNT or limits.NAME=AMOUNT" };
  if (parseQuantity(amount).error !== undefined) return { error: `${amount} is no quantity` };
  return { resource: { part, name, amount } };
}

/** What such texts ask for together; undefined where there are none. Those that are wrong were refused before. */
export function resourcesOf(texts: readonly string[]): ResourceRequirements | undefined {
  if (texts.length === 0) return undefined;
  const wanted = { requests: {} as Record<string, string>, limits: {} as Record<string, string> };
  for (const text of texts) {
    const { resource } = parseResource(text) as { resource?: Resource };
    if (resource) wanted[resource.part][resource.name] = resource.amount;
  }
  return wanted;
}
