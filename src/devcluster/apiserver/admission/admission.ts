import type { JsonObject } from "../../../kube/json-object.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import type { User } from "../../../kube/access/user.ts";

/** A write on its way to the store. */
export interface AdmissionAttempt {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly resource: Resource;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  readonly dryRun: boolean;
  readonly user: User;
}

/** Decides about writes after authorization; refusals are thrown as StatusError. */
export interface Admission {
  /** The cluster's own plugins: they may change the object in place, and they need no one else. */
  admit(attempt: AdmissionAttempt, warnings: string[]): void;
  /** The object, changed where mutating webhooks want it; the same one where none applies. */
  mutate(attempt: AdmissionAttempt, warnings: string[]): Promise<JsonObject | undefined>;
  validate(attempt: AdmissionAttempt, warnings: string[]): Promise<void>;
  /** Whether any webhook could be called for such a write; spares the rest where none can. */
  isActive(): boolean;
}
