/** One amount of what a container requests or may use at most. */
export interface Resource {
  part: "requests" | "limits";
  name: string;
  amount: string;
}

/** The parts of `limits.memory=2Gi`, or what is wrong with it; the amount is looked at by whoever uses it. */
export function parseResource(text: string): { resource: Resource; error?: undefined } | { error: string } {
  const [, part, name = "", amount = ""] =
    /^(requests|limits)\.([a-z0-9][-./a-z0-9]*)=(.+)$/.exec(text) ?? [];
  if (part !== "requests" && part !== "limits")
    return { error: "expected requests.NAME=AMOUNT or limits.NAME=AMOUNT" };
  return { resource: { part, name, amount } };
}
