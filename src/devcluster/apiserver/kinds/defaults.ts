import { encodeBase64 } from "../../../kube/base64.ts";
import { itemsOf, metaOf, partOf, textOf, type JsonObject } from "../answers/json-object.ts";
import { jsonEqual } from "../../../kube/json.ts";

/** Defaults of the built-in kinds. Source: kubernetes pkg/apis/SOMETHING/v1/defaults.go and admission. */

function setDefault(object: JsonObject, field: string, value: unknown): void {
  if (object[field] === undefined || object[field] === null || object[field] === "") object[field] = value;
}

/** Defaults of a pod template's spec, as in a Job or a Deployment. */
export function defaultPodSpec(spec: JsonObject): void {
  for (const volume of itemsOf(spec, "volumes")) defaultVolume(volume);
  for (const container of [...itemsOf(spec, "initContainers"), ...itemsOf(spec, "containers")]) {
    defaultContainer(container);
  }
  setDefault(spec, "restartPolicy", "Always");
  setDefault(spec, "terminationGracePeriodSeconds", 30);
  setDefault(spec, "dnsPolicy", "ClusterFirst");
  setDefault(spec, "securityContext", {});
  setDefault(spec, "schedulerName", "default-scheduler");
  // The deprecated name of the field follows the new one, and leads where only it is set.
  setDefault(spec, "serviceAccountName", spec["serviceAccount"]);
  if (spec["serviceAccountName"] === undefined) delete spec["serviceAccountName"];
  else spec["serviceAccount"] = spec["serviceAccountName"];
}

function defaultVolume(volume: JsonObject): void {
  const sources = Object.keys(volume).filter((field) => field !== "name");
  if (sources.length === 0) volume["emptyDir"] = {};
  for (const source of ["secret", "configMap", "downwardAPI", "projected"]) {
    if (source in volume) setDefault(partOf(volume, source), "defaultMode", 0o644);
  }
  defaultDownward(itemsOf(partOf(volume, "downwardAPI"), "items"));
  for (const projection of itemsOf(partOf(volume, "projected"), "sources")) {
    defaultDownward(itemsOf(partOf(projection, "downwardAPI"), "items"));
    if ("serviceAccountToken" in projection) {
      setDefault(partOf(projection, "serviceAccountToken"), "expirationSeconds", 3600);
    }
  }
  if ("hostPath" in volume) setDefault(partOf(volume, "hostPath"), "type", "");
}

/** Of what refers to a field of the pod or to an amount of a container. */
function defaultDownward(sources: readonly JsonObject[]): void {
  for (const source of sources) {
    if ("fieldRef" in source) setDefault(partOf(source, "fieldRef"), "apiVersion", "v1");
    if ("resourceFieldRef" in source) setDefault(partOf(source, "resourceFieldRef"), "divisor", "0");
  }
}

/** Of a probe or a lifecycle hook. */
function defaultAction(action: JsonObject): void {
  if (!("httpGet" in action)) return;
  setDefault(partOf(action, "httpGet"), "path", "/");
  setDefault(partOf(action, "httpGet"), "scheme", "HTTP");
}

function defaultProbes(container: JsonObject): void {
  const { postStart, preStop } = partOf(container, "lifecycle");
  const probes = ["startupProbe", "livenessProbe", "readinessProbe"].filter((name) => name in container);
  for (const probe of probes.map((name) => partOf(container, name))) {
    defaultAction(probe);
    setDefault(probe, "timeoutSeconds", 1);
    setDefault(probe, "periodSeconds", 10);
    setDefault(probe, "successThreshold", 1);
    setDefault(probe, "failureThreshold", 3);
  }
  for (const hook of [postStart, preStop]) if (hook !== undefined) defaultAction(hook as JsonObject);
}

function defaultContainer(container: JsonObject): void {
  const image = textOf(container, "image");
  const tag = /:([^:/]+)$/.exec(image.split("@")[0] ?? "")?.[1];
  const isLatest = !image.includes("@") && (tag === undefined || tag === "latest");
  setDefault(container, "imagePullPolicy", isLatest ? "Always" : "IfNotPresent");
  setDefault(container, "terminationMessagePath", "/dev/termination-log");
  setDefault(container, "terminationMessagePolicy", "File");
  for (const port of itemsOf(container, "ports")) setDefault(port, "protocol", "TCP");
  defaultDownward(itemsOf(container, "env").map((variable) => partOf(variable, "valueFrom")));
  defaultProbes(container);
}

/** What has a limit and no request requests the limit. */
function defaultRequests(container: JsonObject): void {
  const resources = container["resources"] as JsonObject | undefined;
  const limits = partOf(resources, "limits");
  if (resources === undefined || Object.keys(limits).length === 0) return;
  resources["requests"] = { ...limits, ...partOf(resources, "requests") };
}

/** Sets the defaults of a pod. */
export function defaultPod(pod: JsonObject): void {
  const spec = pod["spec"] as JsonObject;
  defaultPodSpec(spec);
  for (const list of ["initContainers", "containers"]) itemsOf(spec, list).forEach(defaultRequests);
  setDefault(spec, "enableServiceLinks", true);
}

/** What admission and the strategy add to a new pod. */
export function prepareNewPod(pod: JsonObject): void {
  const spec = pod["spec"] as JsonObject;
  if (Number(spec["terminationGracePeriodSeconds"]) < 0) spec["terminationGracePeriodSeconds"] = 1;
  setDefault(spec, "priority", 0);
  setDefault(spec, "preemptionPolicy", "PreemptLowerPriority");
  const tolerations = itemsOf(spec, "tolerations");
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
function qosClass(spec: JsonObject): string {
  const containers = [...itemsOf(spec, "initContainers"), ...itemsOf(spec, "containers")];
  const resources = containers.map((container) => partOf(container, "resources"));
  const has = (part: JsonObject) => Object.keys(part).length > 0;
  if (!resources.some((part) => has(partOf(part, "requests")) || has(partOf(part, "limits")))) {
    return "BestEffort";
  }
  const isGuaranteed = resources.every((part) =>
    ["cpu", "memory"].every((name) => {
      const limit = partOf(part, "limits")[name];
      return limit !== undefined && limit === partOf(part, "requests")[name];
    }),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

/** Sets the defaults of a Job. */
export function defaultJob(job: JsonObject): void {
  const spec = job["spec"] as JsonObject;
  const template = spec["template"] as JsonObject;
  const hadPolicy = textOf(partOf(template, "spec"), "restartPolicy") !== "";
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
  for (const rule of itemsOf(partOf(spec, "podFailurePolicy"), "rules")) {
    for (const pattern of itemsOf(rule, "onPodConditions")) setDefault(pattern, "status", "True");
  }
  if (Object.keys(partOf(job, "metadata")["labels"] ?? {}).length === 0) {
    const labels = metaOf(template).labels;
    if (labels !== undefined) metaOf(job).labels = { ...labels };
  }
  const podSpec = template["spec"] as JsonObject;
  defaultPodSpec(podSpec);
  // A Job has no use for the default, Always: without one of its own it is refused.
  if (!hadPolicy) podSpec["restartPolicy"] = "Always";
}

/** The selector and the labels that tie a Job's pods to it. Source: pkg/registry/batch/job strategy. */
export function prepareNewJob(job: JsonObject): void {
  const spec = job["spec"] as JsonObject;
  job["status"] = {};
  if (spec["manualSelector"] === true) return;
  const meta = metaOf(job);
  const template = metaOf(spec["template"] as JsonObject);
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
  const selector = partOf(spec, "selector");
  spec["selector"] = {
    ...selector,
    matchLabels: {
      ...partOf(selector, "matchLabels"),
      "batch.kubernetes.io/controller-uid": meta.uid ?? "",
    },
  };
}

/** Sets the defaults of a Deployment. */
export function defaultDeployment(deployment: JsonObject): void {
  const spec = deployment["spec"] as JsonObject;
  setDefault(spec, "replicas", 1);
  setDefault(spec, "revisionHistoryLimit", 10);
  setDefault(spec, "progressDeadlineSeconds", 600);
  const strategy = spec["strategy"] as JsonObject;
  setDefault(strategy, "type", "RollingUpdate");
  if (strategy["type"] === "RollingUpdate") {
    strategy["rollingUpdate"] = {
      maxUnavailable: "25%",
      maxSurge: "25%",
      ...partOf(strategy, "rollingUpdate"),
    };
  }
  defaultPodSpec(partOf(partOf(spec, "template"), "spec"));
}

/** Sets the defaults of a claim. */
export function defaultClaim(claim: JsonObject): void {
  setDefault(claim["spec"] as JsonObject, "volumeMode", "Filesystem");
}

/** Sets the defaults of a PersistentVolume. */
export function defaultVolumeObject(volume: JsonObject): void {
  const spec = volume["spec"] as JsonObject;
  setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
  setDefault(spec, "volumeMode", "Filesystem");
}

/** `stringData` is written as `data`. */
export function defaultSecret(secret: JsonObject): void {
  const text = secret["stringData"] as Record<string, string> | undefined;
  if (text !== undefined) {
    const encoded = Object.entries(text).map(([key, value]) => [key, encodeBase64(value)]);
    secret["data"] = { ...partOf(secret, "data"), ...(Object.fromEntries(encoded) as JsonObject) };
    delete secret["stringData"];
  }
  setDefault(secret, "type", "Opaque");
}

/** Sets the defaults of a namespace. */
export function defaultNamespace(namespace: JsonObject): void {
  const meta = metaOf(namespace);
  meta.labels = { ...meta.labels, "kubernetes.io/metadata.name": meta.name ?? "" };
}

/** What a new namespace begins with. */
export function prepareNewNamespace(namespace: JsonObject): void {
  namespace["spec"] = { finalizers: ["kubernetes"] };
  namespace["status"] = { phase: "Active" };
}

/** Sets the defaults of a StorageClass. */
export function defaultStorageClass(object: JsonObject): void {
  setDefault(object, "reclaimPolicy", "Delete");
  setDefault(object, "volumeBindingMode", "Immediate");
}

/** Sets the defaults of a Service. */
export function defaultService(service: JsonObject): void {
  const spec = service["spec"] as JsonObject;
  setDefault(spec, "sessionAffinity", "None");
  setDefault(spec, "type", "ClusterIP");
  for (const port of itemsOf(spec, "ports")) {
    setDefault(port, "protocol", "TCP");
    setDefault(port, "targetPort", port["port"]);
  }
  setDefault(spec, "internalTrafficPolicy", "Cluster");
}

/** Sets the defaults of a webhook configuration. */
export function defaultWebhooks(object: JsonObject): void {
  for (const webhook of itemsOf(object, "webhooks")) {
    setDefault(webhook, "failurePolicy", "Fail");
    setDefault(webhook, "matchPolicy", "Equivalent");
    setDefault(webhook, "namespaceSelector", {});
    setDefault(webhook, "objectSelector", {});
    setDefault(webhook, "timeoutSeconds", 10);
    if (object["kind"] === "MutatingWebhookConfiguration") setDefault(webhook, "reinvocationPolicy", "Never");
    const service = partOf(partOf(webhook, "clientConfig"), "service");
    if (Object.keys(service).length > 0) setDefault(service, "port", 443);
    for (const rule of itemsOf(webhook, "rules")) setDefault(rule, "scope", "*");
  }
}

/** Sets the defaults of a binding. */
export function defaultBinding(binding: JsonObject): void {
  setDefault(binding["roleRef"] as JsonObject, "apiGroup", "rbac.authorization.k8s.io");
  for (const subject of itemsOf(binding, "subjects")) {
    const kind = subject["kind"];
    if (kind === "User" || kind === "Group") setDefault(subject, "apiGroup", "rbac.authorization.k8s.io");
  }
}

/** Sets the defaults of a NetworkPolicy. */
export function defaultNetworkPolicy(policy: JsonObject): void {
  const spec = partOf(policy, "spec");
  for (const direction of ["ingress", "egress"]) {
    for (const rule of itemsOf(spec, direction)) {
      for (const port of itemsOf(rule, "ports")) setDefault(port, "protocol", "TCP");
    }
  }
  const types = Array.isArray(spec["policyTypes"]) ? spec["policyTypes"] : [];
  if (types.length > 0) return;
  spec["policyTypes"] = itemsOf(spec, "egress").length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}
