import type { Rule } from "../schema/rule.ts";

/** On `spec`. */
export const agentRunSpecRules: readonly Rule[] = [
  {
    rule: "self == oldSelf",
    message:
      "an AgentRun cannot be changed once it is created; delete it and create it again, or create another under a new name",
  },
  {
    rule: "!(has(self.providerRef) && has(self.provider))",
    message:
      "providerRef and provider are mutually exclusive: name an AgentProvider or describe one here, not both",
  },
  {
    rule: "has(self.workspaceRef) != has(self.repository)",
    message:
      "set exactly one of repository (a checkout of the run's own) and workspaceRef (a shared AgentWorkspace)",
  },
  {
    rule: "!has(self.workspaceRef) || has(self.worktree)",
    message: "worktree is required with workspaceRef: give the run a branch of its own in worktree.branch",
  },
];
