import { jobs } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { Removal } from "../../kube/plan.ts";

/** Only this very Job is meant. */
export function removal({ metadata }: KubeObject, propagationPolicy: Removal["propagationPolicy"]): Removal {
  const { namespace = "", name = "", uid = "" } = metadata;
  return { type: jobs, namespace, name, uid, propagationPolicy };
}
