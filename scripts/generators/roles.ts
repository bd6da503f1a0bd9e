import { stringify } from "yaml";
import { OPERATOR_NAME } from "../../src/api/labels.ts";
import { leaderElectionRules, operatorRules } from "../../src/operator/rbac.ts";
import { NOTICE, type Generator } from "./generator.ts";

/** Where the shipped manifests put the operator. */
const NAMESPACE = "agent-operator-system";

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
          render("Role", { name: OPERATOR_NAME, namespace: NAMESPACE }, operatorRules),
        ],
      ]),
    ),
};

function render(kind: string, at: { name: string; namespace?: string }, rules: unknown): string {
  const metadata = { ...at, labels: { "app.kubernetes.io/name": OPERATOR_NAME } };
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind, metadata, rules };
  return `# ${NOTICE}\n${stringify(role, { aliasDuplicateObjects: false })}`;
}
