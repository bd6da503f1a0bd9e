import { stringify } from "yaml";
import { OPERATOR_NAME } from "../../src/api/labels.ts";
import { leaderElectionRules, operatorRules } from "../../src/operator/rbac.ts";
import { NOTICE, type Generator } from "./generator.ts";

/** The roles of the operator, from the one list of what it does. */
export const roles: Generator = {
  files: () =>
    Promise.resolve(
      new Map([
        ["config/rbac/role.yaml", render("ClusterRole", OPERATOR_NAME, operatorRules)],
        [
          "config/rbac/leader-election-role.yaml",
          render("Role", `${OPERATOR_NAME}-leader-election`, leaderElectionRules),
        ],
      ]),
    ),
};

function render(kind: string, name: string, rules: unknown): string {
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind, metadata: { name }, rules };
  return `# ${NOTICE}\n${stringify(role)}`;
}
