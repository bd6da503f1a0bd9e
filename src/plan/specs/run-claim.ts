import type { PersistentVolumeClaim } from "../../kube/builtin.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { runLabels } from "./labels.ts";
import { runClaimName } from "./names.ts";
import { ownedByRun } from "./owner.ts";

/** The claim of a standalone run, removed together with it. */
export function buildRunClaim(run: ResolvedRun): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: runClaimName(run.name),
      namespace: run.namespace,
      labels: runLabels(run),
      ownerReferences: [ownedByRun(run)],
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(run.storage.className === undefined ? {} : { storageClassName: run.storage.className }),
      resources: { requests: { storage: run.storage.size } },
    },
  };
}
