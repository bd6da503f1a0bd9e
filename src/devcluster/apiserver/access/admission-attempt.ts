import type { MutableObject } from "../answers/json-object.ts";
import type { Target } from "../request/target.ts";

/** A write on its way to the store. */
export interface AdmissionAttempt extends Target {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly object: MutableObject | undefined;
  readonly old: MutableObject | undefined;
  readonly dryRun: boolean;
}
