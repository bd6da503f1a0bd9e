import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";
import { DEFAULT_CLASS } from "../../../kube/cluster-kinds.ts";
import { failure, forbidden } from "../answers/status-error.ts";
import type { AdmissionAttempt } from "./admission-attempt.ts";
import { podSecurityViolations, type PodSecurityLevel } from "./pod-security.ts";
import { mountServiceAccount } from "./service-account-mounts.ts";
import type { StoredObjects } from "./stored-objects.ts";

/** The plugins that a cluster may be run without. */
export interface OptionalPlugins {
  /** Pods get the identity of their service account: it is of use only if a node runs them. */
  readonly serviceAccounts: boolean;
}

/** What a cluster's own admission plugins do, as far as it concerns what is served here. */
export function admitBuiltin(
  objects: StoredObjects,
  attempt: AdmissionAttempt,
  plugins: OptionalPlugins,
): void {
  const { resource, object, operation, subresource } = attempt;
  if (object === undefined || subresource !== "" || resource.custom) return;
  const kind = `${resource.group}/${resource.kind}`;
  if (kind === "/PersistentVolumeClaim" && operation === "CREATE") useDefaultClass(objects, object);
  if (kind === "/Pod") {
    if (operation === "CREATE") admitNewPod(objects, attempt, object, plugins);
    enforcePodSecurity(objects, attempt, object);
  }
  if (kind === "batch/Job" || kind === "apps/Deployment") {
    const template = objectAt(objectAt(objectAt(object, "spec"), "template"), "spec");
    warnPodSecurity(objects, attempt, template);
  }
}

/** DefaultStorageClass: a claim without a class gets the newest default one. */
function useDefaultClass(objects: StoredObjects, claim: MutableObject): void {
  const spec = claim["spec"] as MutableObject;
  if (spec["storageClassName"] !== undefined) return;
  const defaults = [...objects.list("storage.k8s.io/storageclasses")]
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
function admitNewPod(
  objects: StoredObjects,
  attempt: AdmissionAttempt,
  pod: MutableObject,
  plugins: OptionalPlugins,
): void {
  const spec = pod["spec"] as MutableObject;
  // On a real server these plugins come before a name is generated.
  const name = metaOf(pod).generateName ?? attempt.name;
  const refuse = (why: string) => forbidden({ group: "", resource: "pods" }, name, why);
  const priority = textAt(spec, "priorityClassName");
  if (priority !== "") {
    const found = objects.get("scheduling.k8s.io/priorityclasses", priority);
    if (found === undefined) throw refuse(`no PriorityClass with name ${priority} was found`);
    spec["priority"] = found["value"];
    spec["preemptionPolicy"] = found["preemptionPolicy"] ?? "PreemptLowerPriority";
  }
  const runtime = textAt(spec, "runtimeClassName");
  if (runtime !== "" && objects.get("node.k8s.io/runtimeclasses", runtime) === undefined) {
    throw refuse(`pod rejected: RuntimeClass "${runtime}" not found`);
  }
  const accountName = textAt(spec, "serviceAccountName") || "default";
  const key = `${attempt.namespace}/${accountName}`;
  const account = objects.get("/serviceaccounts", key);
  // That of a new namespace comes a moment later, and its pods wait for their tokens until then.
  if (account === undefined && accountName !== "default") {
    throw refuse(`error looking up service account ${key}: serviceaccount "${accountName}" not found`);
  }
  if (plugins.serviceAccounts) mountServiceAccount(spec, account);
}

function levelOf(
  objects: StoredObjects,
  namespace: string,
  mode: "enforce" | "warn",
): [PodSecurityLevel, string] {
  const found = objects.get("/namespaces", namespace);
  const labels = found && metaOf(found).labels;
  const label = (name: string): string | undefined => labels?.[`pod-security.kubernetes.io/${name}`];
  // Who does not say what to warn of is warned of what is enforced.
  const from = mode === "warn" && label("warn") === undefined ? "enforce" : mode;
  const level = label(from);
  const version = label(`${from}-version`) ?? "latest";
  return level === "baseline" || level === "restricted" ? [level, version] : ["privileged", version];
}

function enforcePodSecurity(objects: StoredObjects, attempt: AdmissionAttempt, pod: MutableObject): void {
  const spec = objectAt(pod, "spec");
  if (attempt.old !== undefined && !changesImages(attempt.old, pod)) return;
  const [level, version] = levelOf(objects, attempt.namespace, "enforce");
  const violations = podSecurityViolations(spec, level);
  if (violations.length === 0) return warnPodSecurity(objects, attempt, spec);
  throw failure(
    403,
    "Forbidden",
    `pods "${attempt.name}" is forbidden: violates PodSecurity "${level}:${version}": ${violations.join(", ")}`,
    { name: attempt.name, kind: "pods" },
  );
}

function changesImages(old: MutableObject, pod: MutableObject): boolean {
  const images = (object: MutableObject) =>
    ["containers", "initContainers"]
      .flatMap((list) => objectsAt(objectAt(object, "spec"), list))
      .map((container) => textAt(container, "image"))
      .join(" ");
  return images(old) !== images(pod);
}

function warnPodSecurity(objects: StoredObjects, attempt: AdmissionAttempt, spec: MutableObject): void {
  const [level, version] = levelOf(objects, attempt.namespace, "warn");
  const violations = podSecurityViolations(spec, level);
  if (violations.length > 0) {
    attempt.warnings.push(`would violate PodSecurity "${level}:${version}": ${violations.join(", ")}`);
  }
}
