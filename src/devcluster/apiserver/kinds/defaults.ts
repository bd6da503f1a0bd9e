import { encodeBase64 } from "../../../kube/base64.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt, jsonEqual } from "../../../kube/json.ts";

/** Defaults of the built-in kinds. Source: kubernetes pkg/apis/SOMETHING/v1/defaults.go and admission. */

function setDefault(object: MutableObject, field: string, value: unknown): void {
  if (object[field] === undefined || object[field] === null || object[field] === "") object[field] = value;
}

/** Defaults of a pod template's spec, as in a Job or a Deployment. */
export function defaultPodSpec(spec: MutableObject): void {
  for (const volume of objectsAt(spec, "volumes")) defaultVolume(volume);
  for (const container of [...objectsAt(spec, "initContainers"), ...objectsAt(spec, "containers")]) {
    defaultContainer(container);
  }
  setDefault(spec, "restartPolicy", "Always");
  setDefault(spec, "terminationGracePeriodSeconds", 30);
  setDefault(spec, "dnsPolicy", "ClusterFirst");
  setDefault(spec, "securityContext", {});
  setDefault(spec, "schedulerName", "default-scheduler");
  // The deprecated name of the field follows the new one, and leads if only it is set.
  setDefault(spec, "serviceAccountName", spec["serviceAccount"]);
  if (spec["serviceAccountName"] === undefined) delete spec["serviceAccountName"];
  else spec["serviceAccount"] = spec["serviceAccountName"];
}

function defaultVolume(volume: MutableObject): void {
  const sources = Object.keys(volume).filter((field) => field !== "name");
  if (sources.length === 0) volume["emptyDir"] = {};
  for (const source of ["secret", "configMap", "downwardAPI", "projected"]) {
    if (source in volume) setDefault(objectAt(volume, source), "defaultMode", 0o644);
  }
  defaultDownward(objectsAt(objectAt(volume, "downwardAPI"), "items"));
  for (const projection of objectsAt(objectAt(volume, "projected"), "sources")) {
    defaultDownward(objectsAt(objectAt(projection, "downwardAPI"), "items"));
    if ("serviceAccountToken" in projection) {
      setDefault(objectAt(projection, "serviceAccountToken"), "expirationSeconds", 3600);
    }
  }
  if ("hostPath" in volume) setDefault(objectAt(volume, "hostPath"), "type", "");
}

/** Of what refers to a field of the pod or to an amount of a container. */
function defaultDownward(sources: readonly MutableObject[]): void {
  for (const source of sources) {
    if ("fieldRef" in source) setDefault(objectAt(source, "fieldRef"), "apiVersion", "v1");
    if ("resourceFieldRef" in source) setDefault(objectAt(source, "resourceFieldRef"), "divisor", "0");
  }
}

/** Of a probe or a lifecycle hook. */
function defaultAction(action: MutableObject): void {
  if (!("httpGet" in action)) return;
  setDefault(objectAt(action, "httpGet"), "path", "/");
  setDefault(objectAt(action, "httpGet"), "scheme", "HTTP");
}

function defaultProbes(container: MutableObject): void {
  const { postStart, preStop } = objectAt(container, "lifecycle");
  const probes = ["startupProbe", "livenessProbe", "readinessProbe"].filter((name) => name in container);
  for (const probe of probes.map((name) => objectAt(container, name))) {
    defaultAction(probe);
    setDefault(probe, "timeoutSeconds", 1);
    setDefault(probe, "periodSeconds", 10);
    setDefault(probe, "successThreshold", 1);
    setDefault(probe, "failureThreshold", 3);
  }
  for (const hook of [postStart, preStop]) if (hook !== undefined) defaultAction(hook as MutableObject);
}

function defaultContainer(container: MutableObject): void {
  const image = textAt(container, "image");
  const tag = /:([^:/]+)$/.exec(image.split("@")[0] ?? "")?.[1];
  const isLatest = !image.includes("@") && (tag === undefined || tag === "latest");
  setDefault(container, "imagePullPolicy", isLatest ? "Always" : "IfNotPresent");
  setDefault(container, "terminationMessagePath", "/dev/termination-log");
  setDefault(container, "terminationMessagePolicy", "File");
  for (const port of objectsAt(container, "ports")) setDefault(port, "protocol", "TCP");
  defaultDownward(objectsAt(container, "env").map((variable) => objectAt(variable, "valueFrom")));
  defaultProbes(container);
}

/** What has a limit and no request requests the limit. */
function defaultRequests(container: MutableObject): void {
  const resources = container["resources"] as MutableObject | undefined;
  const limits = objectAt(resources, "limits");
  if (resources === undefined || Object.keys(limits).length === 0) return;
  resources["requests"] = { ...limits, ...objectAt(resources, "requests") };
}

/** Sets the defaults of a pod. */
export function defaultPod(pod: MutableObject): void {
  const spec = pod["spec"] as MutableObject;
  defaultPodSpec(spec);
  for (const list of ["initContainers", "containers"]) objectsAt(spec, list).forEach(defaultRequests);
  setDefault(spec, "enableServiceLinks", true);
}

/** What admission and the strategy add to a new pod. */
export function prepareNewPod(pod: MutableObject): void {
  const spec = pod["spec"] as MutableObject;
  if (Number(spec["terminationGracePeriodSeconds"]) < 0) spec["terminationGracePeriodSeconds"] = 1;
  setDefault(spec, "priority", 0);
  setDefault(spec, "preemptionPolicy", "PreemptLowerPriority");
  const tolerations = objectsAt(spec, "tolerations");
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
    const isTolerated = tolerations.some(
      (toleration) =>
        (toleration["key"] === key || toleration["key"] === undefined) &&
        (toleration["effect"] === "NoExecute" || toleration["effect"] === undefined),
    );
    if (!isTolerated) {
      tolerations.push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 });
    }
  }
  spec["tolerations"] = tolerations;
  pod["status"] = { phase: "Pending", qosClass: qosClass(spec) };
}

/** Guaranteed, Burstable or BestEffort. Source: pkg/apis/core/v1/helper/qos. */
function qosClass(spec: MutableObject): string {
  const containers = [...objectsAt(spec, "initContainers"), ...objectsAt(spec, "containers")];
  const resources = containers.map((container) => objectAt(container, "resources"));
  const has = (part: MutableObject) => Object.keys(part).length > 0;
  if (!resources.some((part) => has(objectAt(part, "requests")) || has(objectAt(part, "limits")))) {
    return "BestEffort";
  }
  const isGuaranteed = resources.every((part) =>
    ["cpu", "memory"].every((name) => {
      const limit = objectAt(part, "limits")[name];
      return limit !== undefined && limit === objectAt(part, "requests")[name];
    }),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

/** Sets the defaults of a Job. */
export function defaultJob(job: MutableObject): void {
  const spec = job["spec"] as MutableObject;
  const template = spec["template"] as MutableObject;
  const hadPolicy = textAt(objectAt(template, "spec"), "restartPolicy") !== "";
  if (spec["completions"] === undefined && spec["parallelism"] === undefined) {
    spec["completions"] = 1;
    spec["parallelism"] = 1;
  }
  setDefault(spec, "parallelism", 1);
  setDefault(spec, "backoffLimit", spec["backoffLimitPerIndex"] === undefined ? 6 : 2 ** 31 - 1);
  setDefault(spec, "completionMode", "NonIndexed");
  setDefault(spec, "suspend", false);
  setDefault(spec, "manualSelector", false);
  setDefault(
    spec,
    "podReplacementPolicy",
    spec["podFailurePolicy"] === undefined ? "TerminatingOrFailed" : "Failed",
  );
  for (const rule of objectsAt(objectAt(spec, "podFailurePolicy"), "rules")) {
    for (const pattern of objectsAt(rule, "onPodConditions")) setDefault(pattern, "status", "True");
  }
  if (Object.keys(objectAt(job, "metadata")["labels"] ?? {}).length === 0) {
    const labels = metaOf(template).labels;
    if (labels !== undefined) metaOf(job).labels = { ...labels };
  }
  const podSpec = template["spec"] as MutableObject;
  defaultPodSpec(podSpec);
  // A Job has no use for the default, Always: without its own one it is refused.
  if (!hadPolicy) podSpec["restartPolicy"] = "Always";
}

/** The selector and the labels that tie a Job's pods to it. Source: pkg/registry/batch/job strategy. */
export function prepareNewJob(job: MutableObject): void {
  const spec = job["spec"] as MutableObject;
  job["status"] = {};
  if (spec["manualSelector"] === true) return;
  const meta = metaOf(job);
  const template = metaOf(spec["template"] as MutableObject);
  const own = {
    "batch.kubernetes.io/controller-uid": meta.uid ?? "",
    "batch.kubernetes.io/job-name": meta.name ?? "",
    "controller-uid": meta.uid ?? "",
    "job-name": meta.name ?? "",
  };
  // Labels that the Job took over from its template stay the template's.
  const isTakenOver = jsonEqual(meta.labels ?? {}, template.labels ?? {});
  template.labels = { ...template.labels, ...own };
  if (isTakenOver) meta.labels = { ...template.labels };
  const selector = objectAt(spec, "selector");
  spec["selector"] = {
    ...selector,
    matchLabels: {
      ...objectAt(selector, "matchLabels"),
      "batch.kubernetes.io/controller-uid": meta.uid ?? "",
    },
  };
}

/** Sets the defaults of a Deployment. */
export function defaultDeployment(deployment: MutableObject): void {
  const spec = deployment["spec"] as MutableObject;
  setDefault(spec, "replicas", 1);
  setDefault(spec, "revisionHistoryLimit", 10);
  setDefault(spec, "progressDeadlineSeconds", 600);
  const strategy = spec["strategy"] as MutableObject;
  setDefault(strategy, "type", "RollingUpdate");
  if (strategy["type"] === "RollingUpdate") {
    strategy["rollingUpdate"] = {
      maxUnavailable: "25%",
      maxSurge: "25%",
      ...objectAt(strategy, "rollingUpdate"),
    };
  }
  defaultPodSpec(objectAt(objectAt(spec, "template"), "spec"));
}

/** Sets the defaults of a claim. */
export function defaultClaim(claim: MutableObject): void {
  setDefault(claim["spec"] as MutableObject, "volumeMode", "Filesystem");
}

/** Sets the defaults of a PersistentVolume. */
export function defaultVolumeObject(volume: MutableObject): void {
  const spec = volume["spec"] as MutableObject;
  setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
  setDefault(spec, "volumeMode", "Filesystem");
}

/** `stringData` is written as `data`. */
export function defaultSecret(secret: MutableObject): void {
  const text = secret["stringData"] as Record<string, string> | undefined;
  if (text !== undefined) {
    const encoded = Object.entries(text).map(([key, value]) => [key, encodeBase64(value)]);
    secret["data"] = { ...objectAt(secret, "data"), ...(Object.fromEntries(encoded) as MutableObject) };
    delete secret["stringData"];
  }
  setDefault(secret, "type", "Opaque");
}

/** Sets the defaults of a namespace. */
export function defaultNamespace(namespace: MutableObject): void {
  const meta = metaOf(namespace);
  meta.labels = { ...meta.labels, "kubernetes.io/metadata.name": meta.name ?? "" };
}

/** What a new namespace begins with. */
export function prepareNewNamespace(namespace: MutableObject): void {
  namespace["spec"] = { finalizers: ["kubernetes"] };
  namespace["status"] = { phase: "Active" };
}

/** Sets the defaults of a StorageClass. */
export function defaultStorageClass(object: MutableObject): void {
  setDefault(object, "reclaimPolicy", "Delete");
  setDefault(object, "volumeBindingMode", "Immediate");
}

/** Sets the defaults of a Service. */
export function defaultService(service: MutableObject): void {
  const spec = service["spec"] as MutableObject;
  setDefault(spec, "sessionAffinity", "None");
  setDefault(spec, "type", "ClusterIP");
  for (const port of objectsAt(spec, "ports")) {
    setDefault(port, "protocol", "TCP");
    setDefault(port, "targetPort", port["port"]);
  }
  setDefault(spec, "internalTrafficPolicy", "Cluster");
}

/** Sets the defaults of a webhook configuration. */
export function defaultWebhooks(object: MutableObject): void {
  for (const webhook of objectsAt(object, "webhooks")) {
    setDefault(webhook, "failurePolicy", "Fail");
    setDefault(webhook, "matchPolicy", "Equivalent");
    setDefault(webhook, "namespaceSelector", {});
    setDefault(webhook, "objectSelector", {});
    setDefault(webhook, "timeoutSeconds", 10);
    if (object["kind"] === "MutatingWebhookConfiguration") setDefault(webhook, "reinvocationPolicy", "Never");
    const service = objectAt(objectAt(webhook, "clientConfig"), "service");
    if (Object.keys(service).length > 0) setDefault(service, "port", 443);
    for (const rule of objectsAt(webhook, "rules")) setDefault(rule, "scope", "*");
  }
}

/** Sets the defaults of a binding. */
export function defaultBinding(binding: MutableObject): void {
  setDefault(binding["roleRef"] as MutableObject, "apiGroup", "rbac.authorization.k8s.io");
  for (const subject of objectsAt(binding, "subjects")) {
    const kind = subject["kind"];
    if (kind === "User" || kind === "Group") setDefault(subject, "apiGroup", "rbac.authorization.k8s.io");
  }
}

/** Sets the defaults of a NetworkPolicy. */
export function defaultNetworkPolicy(policy: MutableObject): void {
  const spec: MutableObject = objectAt(policy, "spec");
  for (const direction of ["ingress", "egress"]) {
    for (const rule of objectsAt(spec, direction)) {
      for (const port of objectsAt(rule, "ports")) setDefault(port, "protocol", "TCP");
    }
  }
  const types = Array.isArray(spec["policyTypes"]) ? spec["policyTypes"] : [];
  if (types.length > 0) return;
  spec["policyTypes"] = objectsAt(spec, "egress").length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}
