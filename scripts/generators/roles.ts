import { stringify } from "yaml";
import { OPERATOR_NAME } from "../../src/api/labels.ts";
import { eventsLeaderRules, eventsRules } from "../../src/events/rbac.ts";
import {
  leaderElectionRules,
  operatorRules,
  releaseRules,
  webhookRules,
  webhookSecretRules,
} from "../../src/operator/rbac.ts";
import { NOTICE, type Generator } from "./generator.ts";

/** Where the shipped manifests put the operator. */
const NAMESPACE = "agent-operator-system";

/** What a Role can hold: namespaces are no object of a namespace. */
const namespacedRules = operatorRules.filter(({ resources }) => !resources.includes("namespaces"));

const events = { name: `${OPERATOR_NAME}-events` };
const webhooks = { name: `${OPERATOR_NAME}-webhooks` };

/** The roles of the operator, from the one list of what it does; narrowed to one namespace too. */
export const roles: Generator = {
  files: () =>
    Promise.resolve(
      new Map([
        ["config/rbac/role.yaml", render("ClusterRole", { name: OPERATOR_NAME }, operatorRules)],
        [
          "config/rbac/leader-election-role.yaml",
          render(
            "Role",
            { name: `${OPERATOR_NAME}-leader-election`, namespace: NAMESPACE },
            leaderElectionRules,
          ),
        ],
        [
          "config/components/namespaced/role.yaml",
          render("Role", { name: OPERATOR_NAME, namespace: NAMESPACE }, namespacedRules),
        ],
        [
          "config/components/events/role.yaml",
          render("Role", { ...events, namespace: NAMESPACE }, eventsRules),
        ],
        [
          "config/components/events/leader-election-role.yaml",
          render("Role", { name: `${events.name}-leader-election`, namespace: NAMESPACE }, eventsLeaderRules),
        ],
        [
          "config/components/events-all-namespaces/cluster-role.yaml",
          render("ClusterRole", events, eventsRules),
        ],
        ["config/components/webhooks/cluster-role.yaml", render("ClusterRole", webhooks, webhookRules)],
        [
          "config/components/webhooks/role.yaml",
          render("Role", { ...webhooks, namespace: NAMESPACE }, webhookSecretRules),
        ],
      ]),
    ),
};

function render(kind: string, at: { name: string; namespace?: string }, rules: unknown): string {
  const metadata = { ...at, labels: { "app.kubernetes.io/name": OPERATOR_NAME } };
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind, metadata, rules };
  return `# ${NOTICE}\n${stringify(role, { aliasDuplicateObjects: false })}`;
}

const RELEASE_ROLE = "agentruns-agentworkspaces-release";

/** Stands in config/crd: the permission to take finalizers off outlives the operator's others. */
export function renderReleaseRole(): string {
  return render("ClusterRole", { name: RELEASE_ROLE }, releaseRules);
}

export function renderReleaseRoleBinding(): string {
  const apiGroup = "rbac.authorization.k8s.io";
  const binding = {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: RELEASE_ROLE, labels: { "app.kubernetes.io/name": OPERATOR_NAME } },
    roleRef: { apiGroup, kind: "ClusterRole", name: RELEASE_ROLE },
    subjects: [{ kind: "ServiceAccount", name: OPERATOR_NAME, namespace: NAMESPACE }],
  };
  return `# ${NOTICE}\n${stringify(binding)}`;
}
