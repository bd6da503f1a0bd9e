import type { JsonObject } from "../answers/json-object.ts";
import type { Target } from "../request/target.ts";

/** A write on its way to the store. */
export interface AdmissionAttempt extends Target {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  readonly dryRun: boolean;
}
