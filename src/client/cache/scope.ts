import type { ObjectMeta } from "../../kube/objects.ts";
import { parseLabelSelector, type LabelSelector } from "../../kube/selectors.ts";
import type { ApiError } from "../errors.ts";
import { WatchPosition } from "./watch-position.ts";

/** One of the watches that feed a cache. */
export interface Scope {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly position: WatchPosition;
  synced: boolean;
  /** `saidAt`: when the failure was last logged. */
  broken: { since: number; failure: ApiError; saidAt: number } | undefined;
}

/** A watch for each of these namespaces and names; of what is absent or empty, one for all. */
export function createScopes(namespaces: readonly string[] = [], names: readonly string[] = []): Scope[] {
  return orAll(namespaces).flatMap((namespace) =>
    orAll(names).map((name) => ({
      namespace,
      name,
      position: new WatchPosition(),
      synced: false,
      broken: undefined,
    })),
  );
}

function orAll(wanted: readonly string[]): readonly (string | undefined)[] {
  return wanted.length > 0 ? wanted : [undefined];
}

/** Whether an object is one that this watch reports. */
export function covers(scope: Scope, { namespace, name }: ObjectMeta): boolean {
  return (
    (scope.namespace === undefined || scope.namespace === namespace) &&
    (scope.name === undefined || scope.name === name)
  );
}

/** Throws if the text is no label selector. */
export function selectorOf(text = ""): LabelSelector {
  const { value, error } = parseLabelSelector(text);
  if (error !== undefined) throw new Error(`label selector "${text}": ${error}`);
  return value;
}
