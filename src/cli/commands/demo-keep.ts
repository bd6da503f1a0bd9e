import type { DemoValues } from "../options.ts";
import type { CommandContext } from "../context.ts";
import { aborted } from "../stop.ts";

/** With --keep: says how to look around, and waits for Ctrl-C. */
export async function keepUp(
  values: DemoValues,
  { stop }: CommandContext,
  kubeconfig: string,
  say: (text: string) => void,
): Promise<void> {
  if (!values.keep || stop.signal.aborted) return;
  const run = values.workspace ? "fix-typo" : "demo";
  say(`\nThe cluster stays up until Ctrl-C. In another shell:\n\n  export KUBECONFIG=${kubeconfig}`);
  say(`  kubectl get ${values.workspace ? "agentworkspaces," : ""}agentruns -o wide`);
  say(`  kubectl describe agentrun ${run}\n  kubectl logs job/${run} -c agent`);
  await aborted(stop.signal);
}
