import type { FieldError } from "../../../kube/field-errors.ts";
import type { MutableObject } from "../answers/json-object.ts";
import type { FieldType } from "../managed-fields/field-type.ts";
import type { OpenApiSchema } from "./openapi-schema.ts";

/**
 * Everything the server knows about one served resource. The verbs are written once, against this;
 * a built-in kind and a custom one differ only in what they put here.
 */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  /** Where its objects are kept; resources that are views of the same objects share it. */
  readonly storage: string;
  /** Names of served subresources beside `status`, e.g. `log`, for discovery and routing. */
  readonly subresources: readonly Subresource[];
  readonly hasStatus: boolean;
  /** Whether lists show `kind` and `apiVersion` in each item and serve empty `continue`. */
  readonly custom: boolean;
  readonly columns: readonly Column[];
  /** Fields besides metadata.name and metadata.namespace that field selectors may name. */
  readonly selectableFields: ReadonlyMap<string, (object: MutableObject) => string>;
  /** For managed fields, explain and client-side validation. */
  readonly schema: OpenApiSchema;
  /** How its fields are owned. */
  fields(): FieldType;
  /** A new object with what Go shows of an empty one. */
  empty(): MutableObject;
  readonly strategy: Strategy;
  /** Objects stored before this version were made under another schema: they pass `refresh` when read. */
  readonly staleBefore?: number;
  refresh?(object: MutableObject): MutableObject;
  /** Set for a resource that is only asked, never stored, e.g. SubjectAccessReview. */
  readonly review?: string;
}

/** A served subresource beside `status`; group and version where its kind has others than the resource. */
export interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  /** What a body that is written to it makes of the object; absent if writing it does something else. */
  change?(object: MutableObject, body: MutableObject, now: Date): MutableObject;
}

/** A printed column. `cell` gets the object and the time; `undefined` prints as null. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  cell(object: MutableObject, now: Date): unknown;
}

/** What is particular to a kind. Every hook may change the object that it is given. */
export interface Strategy {
  /** Reads a document as this kind: unknown fields found, types checked, zero values dropped. */
  decode(document: MutableObject): { object: MutableObject; unknown: string[] };
  /** Sets defaults, also of what is read from a patch. */
  setDefaults?(object: MutableObject): void;
  /** Before a create: clears what a client may not set. */
  prepareForCreate?(object: MutableObject): void;
  /** Before an update of the main resource. */
  prepareForUpdate?(object: MutableObject, old: MutableObject): void;
  validateName?(name: string, isPrefix: boolean): string[];
  validate?(object: MutableObject): FieldError[];
  validateUpdate?(object: MutableObject, old: MutableObject): FieldError[];
  validateStatusUpdate?(object: MutableObject, old: MutableObject): FieldError[];
  /** From and to the stored form, for a kind that is a view of another. */
  toStored?(object: MutableObject): MutableObject;
  fromStored?(object: MutableObject): MutableObject;
  /** Whether `metadata.generation` counts changes of what is not metadata or status. */
  readonly generation: boolean;
  /** The propagation policy of a delete that names none; default Background. */
  readonly defaultPropagation?: "Orphan";
  /** Whether a PUT without a resourceVersion is accepted. */
  readonly unconditionalUpdate: boolean;
  /** Whether something other than finalizers keeps a deleted object. */
  isHeld?(object: MutableObject): boolean;
  /** What a graceful delete waits for, in seconds, when the client does not say; absent: no grace. */
  gracePeriodSeconds?(object: MutableObject): number;
  /** Changes the object at the moment when its deletion begins; `true`: it stays until it is released. */
  beginDeletion?(object: MutableObject, now: Date): boolean;
  /** Whether a delete answers the object even when it is gone at once. */
  readonly returnsDeleted?: boolean;
}

/** `demo.example.com/widgets`: the key of storage tables. */
export function storageKey(group: string, plural: string): string {
  return `${group}/${plural}`;
}
