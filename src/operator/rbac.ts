import { OUR_RESOURCES } from "../api/resources.ts";
import { API_GROUP } from "../api/group.ts";
import { WEBHOOK_CONFIGURATION, WEBHOOK_SECRET } from "./webhook-names.ts";

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** Triggers and notifiers are of the events component. */
const KINDS = OUR_RESOURCES.map(({ plural }) => plural).filter(
  (plural) => plural !== "agenttriggers" && plural !== "agentnotifiers",
);

/** All that the operator does with the API, and nothing more: the source of the shipped ClusterRole. */
export const operatorRules: readonly PolicyRule[] = [
  { apiGroups: [API_GROUP], resources: KINDS, verbs: ["get", "list", "watch"] },
  { apiGroups: [API_GROUP], resources: KINDS.map((kind) => `${kind}/status`), verbs: ["patch"] },
  // A schedule creates runs. A finished one goes when its time to live is over, or when its schedule keeps newer ones.
  { apiGroups: [API_GROUP], resources: ["agentruns"], verbs: ["create", "delete"] },
  // Finalizers are put on and taken off in the metadata.
  { apiGroups: [API_GROUP], resources: ["agentruns", "agentworkspaces"], verbs: ["patch"] },
  // Children block the deletion of their owner, which the API server lets only those ask for who may finalize it.
  {
    apiGroups: [API_GROUP],
    resources: ["agentruns/finalizers", "agentworkspaces/finalizers", "agentschedules/finalizers"],
    verbs: ["update"],
  },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["get", "list", "watch", "create", "delete"] },
  // A cancelled run's pod gets a deadline that has passed, so that it ends with its log and last words kept.
  { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch", "patch"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  // A run that continues another one becomes an owner of its claim.
  {
    apiGroups: [""],
    resources: ["persistentvolumeclaims"],
    verbs: ["get", "list", "watch", "create", "patch"],
  },
  // What the runs that a run depends on have left, for its agent; when a trigger's runs have started.
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch"] },
  // List and watch ask for metadata only; RBAC cannot say so.
  { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] },
  // Its own one only: whether the operator is being uninstalled.
  { apiGroups: [""], resources: ["namespaces"], verbs: ["list", "watch"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["list", "create", "patch"] },
];

/**
 * What the operator still needs while it is being uninstalled. Shipped with the CRDs, so that it goes
 * after the operator has taken its finalizers off.
 */
export const releaseRules: readonly PolicyRule[] = [
  { apiGroups: [API_GROUP], resources: ["agentruns", "agentworkspaces"], verbs: ["get", "patch"] },
];

/** In the operator's own namespace. */
export const leaderElectionRules: readonly PolicyRule[] = [
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: ["get", "list", "watch", "create", "update"],
  },
];

/** Only if webhooks are served: whom API servers trust is written into the configuration. */
export const webhookRules: readonly PolicyRule[] = [
  {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["validatingwebhookconfigurations"],
    resourceNames: [WEBHOOK_CONFIGURATION],
    verbs: ["list", "watch", "patch"],
  },
];

/** The same, in the operator's own namespace: the certificate. */
export const webhookSecretRules: readonly PolicyRule[] = [
  {
    apiGroups: [""],
    resources: ["secrets"],
    resourceNames: [WEBHOOK_SECRET],
    verbs: ["list", "watch", "update"],
  },
  // A name cannot be given to what does not exist yet.
  { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
];
