import { API_GROUP } from "../api/group.ts";

/** All that the events component does with the API: the source of its shipped role. */
export const eventsRules = [
  { apiGroups: [API_GROUP], resources: ["agenttriggers", "agentnotifiers"], verbs: ["get", "list", "watch"] },
  { apiGroups: [API_GROUP], resources: ["agenttriggers/status", "agentnotifiers/status"], verbs: ["patch"] },
  { apiGroups: [API_GROUP], resources: ["agentruns"], verbs: ["get", "list", "watch", "create"] },
  // What it makes blocks the deletion of its owner, which the API server lets only those ask for who may finalize it.
  {
    apiGroups: [API_GROUP],
    resources: ["agenttriggers/finalizers", "agentnotifiers/finalizers", "agentruns/finalizers"],
    verbs: ["update"],
  },
  // Events for runs, which ones have been taken, and what sinks have been told.
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch"] },
  // What deliveries and notifications are signed with, and tokens of forges. RBAC cannot narrow it to those that are named.
  { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["list", "create", "patch"] },
];

/** In the component's own namespace: one replica reports. */
export const eventsLeaderRules = [
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: ["get", "list", "watch", "create", "update"],
  },
];
