import type { ResourceRequirements } from "../kube/builtin.ts";

/** What the operator's flags decide for runs that say nothing themselves. */
export interface OperatorDefaults {
  gitImage: string;
  agentImage: string;
  /** This operator's own image, for the containers that talk to a forge. */
  operatorImage: string;
  /** What git containers ask for if the AgentConfig does not say. */
  gitResources?: ResourceRequirements;
  /** How long an image may fail to be pulled before its run fails. */
  imagePullTimeoutSeconds: number;
}

/** Of a run's claim, and of a workspace's. */
export const BUILT_IN_STORAGE = "10Gi";
