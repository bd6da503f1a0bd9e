import type { AdmissionAttempt } from "../../../kube/access/admission-attempt.ts";
import type { JsonObject } from "../../../kube/json-object.ts";
import { failure, forbidden } from "../../../kube/status-error.ts";
import { itemsOf, metaOf, partOf, textOf } from "../../../kube/json-object.ts";
import type { Store } from "../storage/store.ts";
import { podSecurityViolations, type PodSecurityLevel } from "../../../kube/access/pod-security.ts";

/** What a cluster's own admission plugins do, as far as it concerns what is served here. */
export function admitBuiltin(store: Store, attempt: AdmissionAttempt, warnings: string[]): void {
  const { resource, object, operation, subresource } = attempt;
  if (object === undefined || subresource !== "" || resource.custom) return;
  const kind = `${resource.group}/${resource.kind}`;
  if (kind === "/PersistentVolumeClaim" && operation === "CREATE") defaultStorageClass(store, object);
  if (kind === "/Pod") {
    if (operation === "CREATE") admitNewPod(store, attempt, object);
    enforcePodSecurity(store, attempt, object, warnings);
  }
  if (kind === "batch/Job" || kind === "apps/Deployment") {
    const template = partOf(partOf(partOf(object, "spec"), "template"), "spec");
    warnPodSecurity(store, attempt, template, warnings);
  }
}

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** DefaultStorageClass: a claim without a class gets the newest default one. */
function defaultStorageClass(store: Store, claim: JsonObject): void {
  const spec = claim["spec"] as JsonObject;
  if (spec["storageClassName"] !== undefined) return;
  const defaults = [...store.table("storage.k8s.io/storageclasses").values()]
    .map((stored) => JSON.parse(stored.json) as JsonObject)
    .filter((object) => metaOf(object).annotations?.[DEFAULT_CLASS] === "true")
    .map((object) => ({
      name: metaOf(object).name ?? "",
      created: metaOf(object).creationTimestamp ?? "",
    }))
    .sort((a, b) => (a.created === b.created ? (a.name < b.name ? -1 : 1) : a.created < b.created ? 1 : -1));
  const [newest] = defaults;
  if (newest !== undefined) spec["storageClassName"] = newest.name;
}

/** Priority, RuntimeClass and ServiceAccount: what a pod names must exist. */
function admitNewPod(store: Store, attempt: AdmissionAttempt, pod: JsonObject): void {
  const spec = pod["spec"] as JsonObject;
  const refuse = (why: string) => forbidden({ group: "", resource: "pods" }, attempt.name, why);
  const priority = textOf(spec, "priorityClassName");
  if (priority !== "") {
    const stored = store.table("scheduling.k8s.io/priorityclasses").get(priority);
    if (stored === undefined) throw refuse(`no PriorityClass with name ${priority} was found`);
    const found = JSON.parse(stored.json) as JsonObject;
    spec["priority"] = found["value"];
    spec["preemptionPolicy"] = found["preemptionPolicy"] ?? "PreemptLowerPriority";
  }
  const runtime = textOf(spec, "runtimeClassName");
  if (runtime !== "" && store.table("node.k8s.io/runtimeclasses").get(runtime) === undefined) {
    throw refuse(`pod rejected: RuntimeClass "${runtime}" not found`);
  }
  const account = textOf(spec, "serviceAccountName");
  const key = `${attempt.namespace}/${account}`;
  if (account !== "" && account !== "default" && store.table("/serviceaccounts").get(key) === undefined) {
    throw refuse(`error looking up service account ${key}: serviceaccount "${account}" not found`);
  }
}

function levelOf(store: Store, namespace: string, mode: "enforce" | "warn"): [PodSecurityLevel, string] {
  const labels = store.table("/namespaces").get(namespace)?.labels;
  const level = labels?.[`pod-security.kubernetes.io/${mode}`];
  const version = labels?.[`pod-security.kubernetes.io/${mode}-version`] ?? "latest";
  return level === "baseline" || level === "restricted" ? [level, version] : ["privileged", version];
}

function enforcePodSecurity(
  store: Store,
  attempt: AdmissionAttempt,
  pod: JsonObject,
  warnings: string[],
): void {
  const spec = partOf(pod, "spec");
  if (attempt.old !== undefined && !changesImages(attempt.old, pod)) return;
  const [level, version] = levelOf(store, attempt.namespace, "enforce");
  const violations = podSecurityViolations(spec, level);
  if (violations.length === 0) return warnPodSecurity(store, attempt, spec, warnings);
  throw failure(
    403,
    "Forbidden",
    `pods "${attempt.name}" is forbidden: violates PodSecurity "${level}:${version}": ${violations.join(", ")}`,
    { name: attempt.name, kind: "pods" },
  );
}

function changesImages(old: JsonObject, pod: JsonObject): boolean {
  const images = (object: JsonObject) =>
    ["containers", "initContainers"]
      .flatMap((list) => itemsOf(partOf(object, "spec"), list))
      .map((container) => textOf(container, "image"))
      .join(" ");
  return images(old) !== images(pod);
}

function warnPodSecurity(
  store: Store,
  attempt: AdmissionAttempt,
  spec: JsonObject,
  warnings: string[],
): void {
  const [level, version] = levelOf(store, attempt.namespace, "warn");
  const violations = podSecurityViolations(spec, level);
  if (violations.length > 0) {
    warnings.push(`would violate PodSecurity "${level}:${version}": ${violations.join(", ")}`);
  }
}
