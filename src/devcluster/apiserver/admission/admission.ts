import type { AdmissionAttempt } from "../../../kube/access/admission-attempt.ts";
import type { JsonObject } from "../../../kube/json-object.ts";

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
