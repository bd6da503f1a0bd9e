import type { Rule } from "../schema/rule.ts";
import { MAX_RUN_NAME } from "./names.ts";

/** CEL: an optional field has not been added, removed or changed. */
function unchanged(field: string): string {
  const [now, before] = [`self.${field}`, `oldSelf.${field}`];
  return `has(${now}) == has(${before}) && (!has(${now}) || ${now} == ${before})`;
}

/** On `spec`. */
export const agentWorkspaceSpecRules: readonly Rule[] = [
  {
    rule: unchanged("storageClass"),
    reason: "FieldValueForbidden",
    fieldPath: ".storageClass",
    message: "it cannot be changed: the claims exist already; create another AgentWorkspace",
  },
  {
    rule: unchanged("accessMode"),
    reason: "FieldValueForbidden",
    fieldPath: ".accessMode",
    message: "it cannot be changed: the claims exist already; create another AgentWorkspace",
  },
  {
    rule: unchanged("storageSize"),
    reason: "FieldValueForbidden",
    fieldPath: ".storageSize",
    message: "it cannot be changed: the claim exists already; create another AgentWorkspace",
  },
  {
    rule: "!has(oldSelf.sharedVolumes) || (has(self.sharedVolumes) && oldSelf.sharedVolumes.all(before, self.sharedVolumes.exists(now, now == before)))",
    reason: "FieldValueForbidden",
    fieldPath: ".sharedVolumes",
    message: "you can add volumes, but not change or remove them: runs may be using them",
  },
];

/** On the whole object, which sees `status`. */
export const agentWorkspaceRules: readonly Rule[] = [
  {
    rule:
      "!has(oldSelf.status) || !has(oldSelf.status.phase) || oldSelf.status.phase != 'Ready' || " +
      `(self.spec.repository.url == oldSelf.spec.repository.url && ${unchanged("spec.repository.branch")})`,
    reason: "FieldValueForbidden",
    fieldPath: ".spec.repository",
    message: "url and branch cannot be changed once the workspace is Ready; create another AgentWorkspace",
  },
  {
    rule: `!has(self.spec.sharedVolumes) || self.spec.sharedVolumes.all(volume, size(self.metadata.name) + 1 + size(volume.name) <= ${MAX_RUN_NAME})`,
    fieldPath: ".spec.sharedVolumes",
    message: `the workspace's name and a shared volume's name must together have at most ${MAX_RUN_NAME - 1} characters: the volume's claim is named <workspace>-<volume>`,
  },
];
