import type { KubeObject, OwnerReference } from "./objects.ts";
import type { ResourceType } from "./resources.ts";

/**
 * What should be done about one object, as data. Carried out in this order: finalizers that are put on,
 * create, patches, remove, events, status, finalizers that are taken off.
 */
export interface Plan<Status> {
  /** Whether the object should have each of these finalizers; all others are left as they are. */
  finalizers?: Readonly<Record<string, boolean>>;
  create: readonly Child[];
  patches?: readonly ChildPatch[];
  remove: readonly Removal[];
  events: readonly EventIntent[];
  /** The whole desired status; absent: it is left as it is. */
  status?: Status;
  requeue: Requeue;
}

/** Does nothing until something changes. */
export const NOTHING_TO_DO = { create: [], remove: [], events: [], requeue: "onChange" } as const;

/** An object that should exist; created when absent, never overwritten. Its name is deterministic. */
export interface Child {
  type: ResourceType;
  object: KubeObject;
  /** It belongs to no owner: one that exists with this label is the same. */
  sharedBy?: { label: string; value: string };
}

/** A child that exists gets these fields, as a JSON merge patch; nothing if it is gone or another one. */
export interface ChildPatch {
  type: ResourceType;
  namespace: string;
  name: string;
  uid: string;
  patch: {
    readonly spec?: object;
    /** Of a ConfigMap; null removes a key. */
    readonly data?: Readonly<Record<string, string | null>>;
    readonly metadata?: {
      readonly annotations?: object;
      /** All of them; only together with the resourceVersion that they were read at. */
      readonly ownerReferences?: readonly OwnerReference[];
      readonly resourceVersion?: string | undefined;
    };
  };
}

export interface Removal {
  type: ResourceType;
  namespace: string;
  name: string;
  /** Only this very object is removed, never a successor with the same name. */
  uid: string;
  propagationPolicy: "Foreground" | "Background";
}

/** A change that a user would want to see in `kubectl describe`. */
export interface EventIntent {
  type: "Normal" | "Warning";
  /** PascalCase, stable. */
  reason: string;
  /** What the controller was doing: `Resolve`, `Start`, `Finish`, … */
  action: string;
  note: string;
}

/** When to reconcile an object again: when something it depends on changes, or (also) after a time. */
export type Requeue = "onChange" | { afterMs: number };
