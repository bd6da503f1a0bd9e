import { fitStatus } from "../api/fit-status.ts";
import { printableValue } from "../kube/printable.ts";
import type { EventIntent } from "../kube/plan.ts";

/**
 * The one border for what a program in a pod, git, the API server or a webhook has said. Whatever that is, it does
 * not keep a status of this kind from being written, and nothing that a terminal obeys gets into a status or an event.
 */
export function withinBounds<
  P extends { readonly events: readonly EventIntent[]; readonly status?: unknown },
>(kind: string, plan: P): P {
  const events = printableValue(plan.events);
  return plan.status === undefined
    ? { ...plan, events }
    : { ...plan, events, status: fitStatus(kind, printableValue(plan.status)) };
}
