import type { KubeObject } from "../kube/objects.ts";
import type { ResourceType } from "../kube/resources.ts";

/** An object that should exist; created when absent, never overwritten. Its name is deterministic. */
export interface Child {
  type: ResourceType;
  object: KubeObject;
}

export interface Removal {
  type: ResourceType;
  namespace: string;
  name: string;
  /** Only this very object is removed, never a successor with the same name. */
  uid: string;
  propagationPolicy: "Foreground" | "Background";
}

/** A child that exists gets these fields, as a JSON merge patch; nothing where it is gone or another one. */
export interface ChildPatch {
  type: ResourceType;
  namespace: string;
  name: string;
  uid: string;
  patch: { readonly spec: object };
}

/** A change that a user would want to see in `kubectl describe`. */
export interface EventIntent {
  type: "Normal" | "Warning";
  /** PascalCase, stable. */
  reason: string;
  /** What the operator was doing: `Resolve`, `Start`, `Finish`, … */
  action: string;
  note: string;
}

/** When to plan this object again: when something it depends on changes, or (also) after a time. */
export type Requeue = "onChange" | { afterMs: number };

/**
 * What should be done about one object, as data. Carried out in this order: finalizers that are put on,
 * create, patches, remove, events, status, finalizers that are taken off. `status` is the whole desired status;
 * absent means: leave it as it is.
 */
export interface Plan<Status> {
  /** Whether each of these finalizers should stand on the object; those of others are left alone. */
  finalizers?: Readonly<Record<string, boolean>>;
  create: Child[];
  patches?: ChildPatch[];
  remove: Removal[];
  events: EventIntent[];
  status?: Status;
  requeue: Requeue;
}
