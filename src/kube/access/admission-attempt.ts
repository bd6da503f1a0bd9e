import type { JsonObject } from "../json-object.ts";
import type { Resource } from "../kinds/resource.ts";
import type { User } from "./user.ts";

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
