import { findCondition } from "../../api/conditions.ts";
import { API_GROUP } from "../../api/group.ts";
import {
  agentProviders,
  agentRuns,
  agentSchedules,
  agentNotifiers,
  agentTriggers,
  agentWorkspaces,
} from "../../api/resources.ts";
import { namespaces } from "../../kube/builtin.ts";
import { isObject } from "../../kube/json.ts";
import { customResourceDefinitions, DEFAULT_CLASS, storageClasses } from "../../kube/cluster-kinds.ts";
import type { Condition, KubeObject } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resources.ts";
import { builtDefinitions } from "../../local/definitions.generated.ts";
import {
  absent,
  none,
  ok,
  problem,
  warning,
  type Check,
  type Finding,
  type CheckContext,
} from "./doctor-findings.ts";
import {
  checkLease,
  checkOperator,
  checkPermissions,
  checkWebhooks,
  hasOperatorWithin,
} from "./doctor-operator.ts";
import { checkSecrets } from "./doctor-secrets.ts";

const OLDEST_MINOR = 28;

/** Everything that is looked at, in the order in which one thing needs the other. */
export const checks: readonly Check[] = [
  checkVersion,
  checkDefinitions,
  checkPermissions,
  checkOperator,
  checkLease,
  checkWebhooks,
  checkStorage,
  checkPodSecurity,
  checkProviders,
  checkSchedules,
  checkSecrets,
  checkTriggers,
  checkNotifiers,
  checkHeldObjects,
];

async function checkVersion({ client }: CheckContext): Promise<Finding[]> {
  const version: unknown = JSON.parse(await client.getText("/version"));
  const text =
    typeof version === "object" && version && "gitVersion" in version ? String(version.gitVersion) : "?";
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(text) ?? [];
  const isOld = Number(major) === 1 && Number(minor) < OLDEST_MINOR;
  return isOld
    ? [problem("API server", `is ${text}, older than 1.${OLDEST_MINOR}`, "Upgrade the cluster.")]
    : [ok("API server", text)];
}

async function checkDefinitions({ client }: CheckContext): Promise<Finding[]> {
  return Promise.all(
    builtDefinitions().map(async (own): Promise<Finding> => {
      const { name } = own.metadata;
      const found = await client.get(customResourceDefinitions, { name }).catch(absent);
      const remedy = "kubectl apply -k config/crd/";
      if (found === undefined) return problem("CRD", `${name} is missing`, remedy);
      const established = found.status?.conditions?.find(({ type }) => type === "Established");
      if (established?.status !== "True")
        return problem("CRD", `${name} is not established`, `See why: kubectl describe crd ${name}`);
      const served = found.spec.versions.find((version) => version.name === own.spec.versions[0]?.name);
      return hasFieldsOf(served?.schema?.openAPIV3Schema, own.spec.versions[0]?.schema.openAPIV3Schema)
        ? ok("CRD", name)
        : problem("CRD", `${name} lacks fields of this version`, remedy);
    }),
  );
}

/** Whether a schema knows every property of another one. */
function hasFieldsOf(found: unknown, own: unknown): boolean {
  if (!isObject(own)) return true;
  if (!isObject(found)) return false;
  const { properties, items, additionalProperties } = own;
  const known = found["properties"];
  return (
    hasFieldsOf(found["items"], items) &&
    hasFieldsOf(found["additionalProperties"], additionalProperties) &&
    Object.entries(isObject(properties) ? properties : {}).every(
      ([name, schema]) => isObject(known) && hasFieldsOf(known[name], schema),
    )
  );
}

async function checkStorage({ client }: CheckContext): Promise<Finding[]> {
  const { items } = await client.list(storageClasses);
  const standard = items.filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true");
  const names = items.map(({ metadata }) => metadata.name).join(", ") || "none";
  return standard.length === 0
    ? [
        warning(
          "Storage",
          `no StorageClass is the default one (there is ${names})`,
          "Mark one as default, or set storageClass in each AgentConfig; an AgentWorkspace needs one that can ReadWriteMany.",
        ),
      ]
    : [
        ok(
          "Storage",
          `${standard.map(({ metadata }) => metadata.name).join(", ")} is the default of ${names}`,
        ),
      ];
}

async function checkPodSecurity(context: CheckContext): Promise<Finding[]> {
  const { client, namespace } = context;
  const found = await client.get(namespaces, { name: namespace }).catch(absent);
  if (found === undefined)
    return [problem("Namespace", `${namespace} does not exist`, `kubectl create namespace ${namespace}`)];
  const level = found.metadata.labels?.["pod-security.kubernetes.io/enforce"] ?? "privileged";
  // On one machine, for one person, the level is no news: a run's own pods are restricted anyway.
  if (await hasOperatorWithin(context)) return [ok("Pod Security", `${namespace} enforces ${level}`)];
  const remedy = `Agents run commands that a model chose: kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=restricted`;
  return level === "restricted"
    ? [ok("Pod Security", `${namespace} enforces restricted`)]
    : [warning("Pod Security", `${namespace} enforces ${level}`, remedy)];
}

async function checkProviders({ client, namespace }: CheckContext): Promise<Finding[]> {
  const { items } = await client.list(agentProviders, { namespace }).catch(none);
  return items.map(({ metadata, status }) => {
    const why = status?.conditions?.find(({ type }) => type === "Ready");
    if (status?.ready === true) return ok("AgentProvider", `${metadata.name} is ready`);
    const remedy = "Create or correct the Secret that authTokenSecretRef names.";
    return status?.ready === undefined
      ? unseen("AgentProvider", metadata)
      : problem("AgentProvider", `${metadata.name} is not ready: ${why?.message ?? "unknown"}`, remedy);
  });
}

async function checkSchedules({ client, namespace }: CheckContext): Promise<Finding[]> {
  const { items } = await client.list(agentSchedules, { namespace }).catch(none);
  return items.map(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    if (ready === undefined) return unseen("AgentSchedule", metadata);
    if (ready.reason === "Suspended") return ok("AgentSchedule", `${metadata.name} is suspended`);
    return ready.status === "True"
      ? ok("AgentSchedule", `${metadata.name} starts a run at ${status?.nextScheduleTime ?? "no time"}`)
      : problem(
          "AgentSchedule",
          `${metadata.name} starts no runs: ${ready.message}`,
          `Correct it: kubectl --namespace ${namespace} edit agentschedule ${metadata.name}`,
        );
  });
}

/** A kind that the events component serves: its condition Ready says how it is. */
interface Served extends KubeObject {
  status?: { conditions?: Condition[] };
}

/** In words what an object of the kind does, and what becomes of events without that. */
interface ServedWords<T> {
  page: string;
  unserved: string;
  does: (object: T) => string;
  fails: (object: T) => string;
}

async function checkServed<T extends Served>(
  { client, namespace }: CheckContext,
  type: ResourceType<T>,
  { page, unserved, does, fails }: ServedWords<T>,
): Promise<Finding[]> {
  const { kind } = type;
  const { items } = await client.list(type, { namespace }).catch(none);
  return items.map((object: T) => {
    const { name } = object.metadata;
    const ready = findCondition(object.status?.conditions, "Ready");
    if (ready === undefined)
      return warning(
        kind,
        `${name} is served by nobody, so ${unserved}`,
        `Install the component events for this namespace; see the guide on ${page}.`,
      );
    const remedy = `Correct it: kubectl --namespace ${namespace} edit ${kind.toLowerCase()} ${name}`;
    return ready.status === "True"
      ? ok(kind, `${name} ${does(object)}`)
      : problem(kind, `${name} ${fails(object)}: ${ready.message}`, remedy);
  });
}

function checkTriggers(context: CheckContext): Promise<Finding[]> {
  return checkServed(context, agentTriggers, {
    page: "triggers",
    unserved: "its deliveries start nothing",
    does: ({ status }) => `takes deliveries at ${status?.path}`,
    fails: () => "takes no deliveries",
  });
}

function checkNotifiers(context: CheckContext): Promise<Finding[]> {
  return checkServed(context, agentNotifiers, {
    page: "notifiers",
    unserved: "nothing is reported",
    does: () => "reports runs",
    fails: ({ status }) => `has ${status?.pending ?? 0} events that its sink has not taken`,
  });
}

function unseen(kind: string, { name }: KubeObject["metadata"]): Finding {
  return warning(kind, `${name} was seen by no operator yet`, "Start the operator.");
}

/** Objects that wait for an operator to take its finalizer off: they hold up their CRD too. */
async function checkHeldObjects({ client }: CheckContext): Promise<Finding[]> {
  const lists = await Promise.all(
    [agentRuns, agentWorkspaces].map(async (type) =>
      (await client.list<KubeObject>(type).catch(none)).items.map((item) => ({ type, item })),
    ),
  );
  return lists
    .flat()
    .filter(({ item }) => item.metadata.deletionTimestamp !== undefined)
    .map(({ type, item: { metadata } }) => {
      const finalizers = (metadata.finalizers ?? []).filter((each) => each.includes(API_GROUP));
      const message = `${metadata.namespace}/${metadata.name} is being deleted and waits for ${finalizers.join(", ") || "its children"}`;
      return warning(
        type.kind,
        message,
        "The operator finishes it; without one, take the finalizer off with kubectl edit.",
      );
    });
}
