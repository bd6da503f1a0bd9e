import type { Job } from "../../kube/builtin.ts";
import { fieldOf } from "../../kube/json.ts";
import type { JobState } from "./job-state.ts";

/** Kueue's label on what it has queued. */
export const LABEL_QUEUE = "kueue.x-k8s.io/queue-name";

/** That a Job is suspended, and by whom as far as its labels and managed fields show. */
export function suspendedBy({ metadata, spec }: Job): JobState["suspended"] {
  if (spec.suspend !== true) return undefined;
  const queue = metadata.labels?.[LABEL_QUEUE];
  if (queue !== undefined) return { by: `queue ${queue}` };
  const setter = metadata.managedFields?.find(({ fieldsV1 }) => setsField(fieldsV1, "f:suspend"));
  if (!setter?.manager) return {};
  // What an admission webhook changes is written down as its creator's.
  return { by: setsField(setter.fieldsV1, "f:template") ? "an admission webhook" : setter.manager };
}

function setsField(fields: unknown, name: string): boolean {
  return fieldOf(fieldOf(fields, "f:spec"), name) !== undefined;
}
