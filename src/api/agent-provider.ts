import type { z } from "zod";
import type { KubeObject } from "../kube/objects.ts";
import { AGENT_TYPES } from "./agent-types.ts";
import { conditions, keyRef, maxRunning, observedGeneration, UNSEEN } from "./fields/common.ts";
import { providerFields } from "./fields/provider.ts";
import { shownName } from "./rules/values.ts";
import { choice, flag, list, object, text } from "./schema/fields.ts";
import { AGE_COLUMN, type KindDefinition } from "./schema/kind.ts";

const spec = object(
  {
    displayName: text({
      description: "Name for people, shown by kubectl get.",
      maxLength: 128,
      rules: [shownName],
    }).optional(),
    agentTypes: list(choice(AGENT_TYPES, "An agent."), {
      description: "Agents that can use this provider. Default: every agent.",
      minItems: 1,
      maxItems: 8,
      type: "set",
    }).optional(),
    authTokenSecretRef: keyRef(
      "Secret",
      "Secret key that holds the token. Without it agents call the provider without a token.",
    ).optional(),
    maxRunning: maxRunning("runs of this provider").optional(),
    ...providerFields,
  },
  { description: "How agents reach the provider." },
);

const status = object(
  {
    observedGeneration: observedGeneration.optional(),
    ready: flag("Whether the Secret exists and has the key.").optional(),
    conditions: conditions("Ready and perhaps Reconciling or Stalled").optional(),
  },
  { description: "What the operator has found." },
);

const DESCRIPTION =
  "A model provider: its URL, its settings, and the Secret that holds its token. Runs name it in providerRef.";

const schema = object(
  { spec, status: status.default({ observedGeneration: UNSEEN }) },
  { description: DESCRIPTION },
);

export type AgentProviderSpec = z.input<typeof spec>;
export type AgentProviderStatus = z.input<typeof status>;
export interface AgentProvider extends KubeObject {
  spec: AgentProviderSpec;
  status?: AgentProviderStatus;
}

export const agentProviderKind: KindDefinition = {
  kind: "AgentProvider",
  plural: "agentproviders",
  singular: "agentprovider",
  shortNames: ["aprov"],
  description: DESCRIPTION,
  schema,
  rules: [],
  columns: [
    { name: "Display Name", type: "string", jsonPath: ".spec.displayName", description: "Name for people" },
    {
      name: "Ready",
      type: "boolean",
      jsonPath: ".status.ready",
      description: "Whether its Secret exists and has the key",
    },
    AGE_COLUMN,
    {
      name: "Reason",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: "Why it is ready or not",
      wide: true,
    },
    { name: "Model", type: "string", jsonPath: ".spec.model", description: "Its default model", wide: true },
  ],
};
