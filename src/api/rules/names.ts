import { matches, matchesRule, type Rule } from "../schema/rule.ts";

/** RFC 1123 label, without its length. */
const DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/** RFC 1123 subdomain, without its length. */
const DNS_SUBDOMAIN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

export const dnsLabel = matchesRule(
  DNS_LABEL,
  "must be a DNS label: lower case letters, digits and '-', starting and ending with a letter or digit",
);

export const dnsSubdomain = matchesRule(
  DNS_SUBDOMAIN,
  "must be the name of a Kubernetes object: lower case letters, digits, '-' and '.', starting and ending with a letter or digit",
);

/** Source: validation of the keys of Secrets and ConfigMaps in Kubernetes. */
export const dataKey = matchesRule(
  "^[-._a-zA-Z0-9]+$",
  "must be a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.'",
);

/** Names of its Job and pods are made from a run's name, and a label's value is one. */
export const MAX_RUN_NAME = 63;

/** Leaves room for `-cleanup` in the name of the Job that removes a run's worktree. */
export const MAX_CLEANED_RUN_NAME = 55;

/** Leaves room for the time or the hash in the names of its runs, and for what is made of those. */
const MAX_STARTER_NAME = 43;

/** Leaves room for `-init` and `-ws` in the names of its Job and claim. */
export const MAX_WORKSPACE_NAME = 58;

/** A rule on the whole object: its own name is a DNS label of bounded length. */
function objectName(kind: string, maxLength: number): Rule {
  return {
    rule: `size(self.metadata.name) <= ${maxLength} && ${matches("self.metadata.name", DNS_LABEL)}`,
    fieldPath: ".metadata.name",
    message: `the name of an ${kind} must be a DNS label of at most ${maxLength} characters: lower case letters, digits and '-', starting and ending with a letter or digit`,
  };
}

export const runName = objectName("AgentRun", MAX_RUN_NAME);
export const scheduleName = objectName("AgentSchedule", MAX_STARTER_NAME);
export const triggerName = objectName("AgentTrigger", MAX_STARTER_NAME);
export const notifierName = objectName("AgentNotifier", MAX_RUN_NAME);
export const workspaceName = objectName("AgentWorkspace", MAX_WORKSPACE_NAME);

/** `<workspace>-<volume>` is the name of the volume's claim, so some names belong to the operator. */
export const RESERVED_VOLUME_NAMES: readonly string[] = ["ws", "workspace", "home", "tmp"];
