import { provider, config, type RefusedManifest } from "./manifest.ts";
import { AGENTS, AGENTS_BY_DEFAULT, DURATION, SIZE } from "./words.ts";

export const others: RefusedManifest[] = [
  {
    what: "a provider for an agent that there is not",
    manifest: provider({ agentTypes: ["copilot"] }),
    says: `spec.agentTypes[0]: Unsupported value: "copilot": supported values: ${AGENTS}`,
  },
  {
    what: "a provider that names an agent twice",
    manifest: provider({ agentTypes: ["claude", "claude"] }),
    says: `spec.agentTypes[1]: Duplicate value: "claude"`,
  },
  {
    what: "a provider for no agent at all",
    manifest: provider({ agentTypes: [] }),
    says: "spec.agentTypes: Invalid value: 0: spec.agentTypes in body should have at least 1 items",
  },
  {
    what: "a default agent that is nothing without a command",
    manifest: config({ defaultAgent: "custom" }),
    says: `spec.defaultAgent: Unsupported value: "custom": supported values: ${AGENTS_BY_DEFAULT}`,
  },
  {
    what: "a default timeout that is no duration",
    manifest: config({ defaultTimeout: "soon" }),
    says: `spec.defaultTimeout: Invalid value: "soon": ${DURATION}`,
  },
  {
    what: "a default storage size that is no quantity",
    manifest: config({ storageSize: "big" }),
    says: `spec.storageSize: Invalid value: "big": ${SIZE}`,
  },
  {
    what: "an identity without a real e-mail address",
    manifest: config({ gitIdentity: { name: "Agent", email: "nobody" } }),
    says: `spec.gitIdentity.email: Invalid value: "nobody": must be an e-mail address such as agent@example.com`,
  },
  {
    what: "an identity that would end git's own line",
    manifest: config({ gitIdentity: { name: "A <x>\n", email: "a@example.com" } }),
    says: String.raw`spec.gitIdentity.name: Invalid value: "A <x>\n": must be a name that git can put on a commit: one line, without '<' and '>'`,
  },
];
