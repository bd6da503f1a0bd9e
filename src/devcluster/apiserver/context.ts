import type { Authorizer } from "./access/rules.ts";
import type { StoredObjects } from "./access/stored-objects.ts";
import type { Admission } from "./admission/webhooks.ts";
import type { Tokens } from "./auth/tokens.ts";
import type { OpenApi } from "./openapi.ts";
import type { OpenExec } from "./pod-session.ts";
import type { PodLogs } from "./pod-logs.ts";
import type { Registry } from "./registry.ts";
import type { Store } from "./storage/store.ts";

/** What the verbs work with; made once for a server. */
export interface ApiContext {
  readonly store: Store;
  /** The same objects, parsed. */
  readonly objects: StoredObjects;
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly admission: Admission;
  readonly tokens: Tokens;
  readonly openApi: OpenApi;
  readonly podLogs: PodLogs | undefined;
  readonly openExec: OpenExec | undefined;
  now(): Date;
}
