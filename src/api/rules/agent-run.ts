import type { Rule } from "../schema/rule.ts";

/** On `spec`. */
export const agentRunSpecRules: readonly Rule[] = [
  {
    rule: "self == oldSelf",
    reason: "FieldValueForbidden",
    message:
      "an AgentRun cannot be changed once it is created; delete it and create it again, or create another under a new name",
  },
  {
    rule: "!(has(self.providerRef) && has(self.provider))",
    reason: "FieldValueForbidden",
    fieldPath: ".provider",
    message:
      "provider and providerRef are mutually exclusive: describe a provider here or name an AgentProvider, not both",
  },
  {
    rule: "has(self.workspaceRef) || has(self.repository)",
    reason: "FieldValueRequired",
    fieldPath: ".repository",
    message: "name the repository to work on, or an AgentWorkspace in workspaceRef",
  },
  {
    rule: "!(has(self.workspaceRef) && has(self.repository))",
    reason: "FieldValueForbidden",
    fieldPath: ".repository",
    message:
      "repository and workspaceRef are mutually exclusive: a run on a workspace works on the workspace's repository",
  },
  {
    rule: "!has(self.workspaceRef) || has(self.worktree)",
    reason: "FieldValueRequired",
    fieldPath: ".worktree",
    message: "a run on a workspace needs a branch of its own: set worktree.branch",
  },
];
