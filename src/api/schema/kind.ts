import type { z } from "zod";
import type { KindName } from "../group.ts";
import type { Rule } from "./rule.ts";

/** A column of `kubectl get`; `wide` ones show with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description: string;
  readonly wide?: boolean;
}

/** The column that every kind has. */
export const AGE_COLUMN: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since creation",
};

/** One kind of the API: all that its CustomResourceDefinition, its types and its reference are made of. */
export interface KindDefinition {
  readonly kind: KindName;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  /** `spec` and `status`; the API server adds apiVersion, kind and metadata. */
  readonly schema: z.ZodObject;
  /** Rules on the whole object, which may look at `self.metadata.name`. */
  readonly rules: readonly Rule[];
  readonly columns: readonly PrinterColumn[];
}
