import type { AgentType } from "../agent-types.ts";
import { celList, type Rule } from "../schema/rule.ts";
import { MAX_CLEANED_RUN_NAME } from "./names.ts";

/** CEL, on `spec`: its worktree is to be removed at some time. */
function isCleaned(spec: string): string {
  return `(has(${spec}.worktree) && has(${spec}.worktree.cleanup) && ${spec}.worktree.cleanup != 'Never')`;
}

/** CEL, on `spec`: it waits for its branch. */
const QUEUES_FOR_BRANCH =
  "has(self.worktree) && has(self.worktree.onBusy) && self.worktree.onBusy == 'Queue'";

/** On `spec` of an AgentRun, but of no template of it. */
export const unchanged: Rule = {
  rule: "self == oldSelf",
  reason: "FieldValueForbidden",
  message:
    "an AgentRun cannot be changed once it is created; delete it and create it again, or create another under a new name",
};

/** Fields that some agents would pass over: a limit or instruction is never dropped silently. */
export const NOT_OBEYED: Readonly<Record<string, readonly AgentType[]>> = {
  maxTurns: ["opencode", "codex", "custom"],
  systemPrompt: ["custom"],
  mcpServers: ["custom"],
  skills: ["custom"],
  resultSchema: ["opencode", "gemini", "custom"],
};

/** If the run names no agent, the AgentConfig decides, and its reason is Unsupported. */
const obeyed: readonly Rule[] = Object.entries(NOT_OBEYED).map(([field, agents]) => ({
  rule: `!has(self.${field}) || !has(self.agent) || !(self.agent in ${celList(agents)})`,
  reason: "FieldValueForbidden",
  fieldPath: `.${field}`,
  message: `${agents.join(", ")} cannot obey it: leave it out, or name another agent`,
}));

/** On `spec`. */
export const agentRunSpecRules: readonly Rule[] = [
  ...obeyed,
  {
    rule: "!(has(self.providerRef) && has(self.provider))",
    reason: "FieldValueForbidden",
    fieldPath: ".provider",
    message:
      "provider and providerRef are mutually exclusive: describe a provider here or name an AgentProvider, not both",
  },
  {
    rule: "has(self.command) || !has(self.agent) || self.agent != 'custom'",
    reason: "FieldValueRequired",
    fieldPath: ".command",
    message: "agent custom runs the program that the run names: set command",
  },
  {
    rule: "!has(self.command) || (has(self.agent) && self.agent == 'custom')",
    reason: "FieldValueForbidden",
    fieldPath: ".command",
    message:
      "only agent custom has a command, because every other agent is itself a program: set agent to custom, or leave command out (args adds arguments)",
  },
  {
    rule: "has(self.prompt) || has(self.promptFrom) || (has(self.continueFrom) && (has(self.publish) || has(self.verify)) && !(has(self.verify) && has(self.verify.feedback)))",
    reason: "FieldValueRequired",
    fieldPath: ".prompt",
    message:
      "set prompt to the task, or set promptFrom to the Secret or ConfigMap that holds it; only a run with continueFrom and verify or publish can be without a task: then no agent starts",
  },
  {
    rule: "!(has(self.prompt) && has(self.promptFrom))",
    reason: "FieldValueForbidden",
    fieldPath: ".promptFrom",
    message: "prompt and promptFrom are mutually exclusive",
  },
  {
    rule: "has(self.workspaceRef) || has(self.repository) || has(self.continueFrom)",
    reason: "FieldValueRequired",
    fieldPath: ".repository",
    message:
      "set repository to the repository to work on, workspaceRef to an AgentWorkspace, or continueFrom to a run",
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
    message: "a run on a workspace needs its own branch: set worktree.branch",
  },
  {
    rule: "!(has(self.workspaceRef) && has(self.additionalRepositories))",
    reason: "FieldValueForbidden",
    fieldPath: ".additionalRepositories",
    message:
      "additionalRepositories are on the run's own claim, and a run on a workspace has none: name the repository in repository instead of workspaceRef",
  },
  {
    rule: `has(self.workspaceRef) || !${isCleaned("self")}`,
    reason: "FieldValueForbidden",
    fieldPath: ".worktree.cleanup",
    message:
      "a run without workspaceRef has its own claim, which is removed together with the run: leave cleanup out",
  },
  {
    rule: `has(self.workspaceRef) || !(${QUEUES_FOR_BRANCH})`,
    reason: "FieldValueForbidden",
    fieldPath: ".worktree.onBusy",
    message:
      "a run without workspaceRef has its own clone, whose branches no other run uses: leave onBusy out",
  },
];

/** On the whole object. */
export const agentRunRules: readonly Rule[] = [
  {
    rule: "!has(self.spec.dependsOn) || self.spec.dependsOn.all(each, each.run != self.metadata.name)",
    fieldPath: ".spec.dependsOn",
    message: "a run cannot wait for its own end: leave its own name out of dependsOn",
  },
  {
    rule: `!${isCleaned("self.spec")} || size(self.metadata.name) <= ${MAX_CLEANED_RUN_NAME}`,
    fieldPath: ".metadata.name",
    message: `the name of an AgentRun with worktree.cleanup must have at most ${MAX_CLEANED_RUN_NAME} characters: the Job that removes its worktree is named <run>-cleanup`,
  },
];
