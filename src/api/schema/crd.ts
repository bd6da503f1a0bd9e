import { API_GROUP, API_VERSION } from "../group.ts";
import type { KindDefinition, PrinterColumn } from "./kind.ts";
import { toStructuralSchema, type StructuralSchema } from "./structural.ts";

/** An apiextensions.k8s.io/v1 CustomResourceDefinition, as far as this project writes one. */
export interface CustomResourceDefinition {
  apiVersion: "apiextensions.k8s.io/v1";
  kind: "CustomResourceDefinition";
  metadata: { name: string; labels: Record<string, string> };
  spec: {
    group: string;
    names: {
      kind: string;
      listKind: string;
      plural: string;
      singular: string;
      shortNames: string[];
      categories: string[];
    };
    scope: "Namespaced";
    versions: {
      name: string;
      served: boolean;
      storage: boolean;
      subresources: { status: Record<string, never> };
      additionalPrinterColumns: Record<string, unknown>[];
      schema: { openAPIV3Schema: StructuralSchema };
    }[];
  };
}

const META: Record<string, StructuralSchema> = {
  apiVersion: { type: "string", description: "Version of the schema of this object." },
  kind: { type: "string", description: "Kind of this object." },
  metadata: { type: "object" },
};

/** A rule can show its error on the name only if the schema has that field. */
const NAMED = { metadata: { type: "object", properties: { name: { type: "string" } } } } as const;

/** The whole schema of a kind's objects, with apiVersion, kind and metadata. */
export function schemaOf(kind: KindDefinition): StructuralSchema {
  const { properties, required, ...root } = toStructuralSchema(kind.schema);
  const showsName = kind.rules.some(({ fieldPath }) => fieldPath === ".metadata.name");
  return {
    ...root,
    ...(kind.rules.length === 0 ? {} : { "x-kubernetes-validations": [...kind.rules] }),
    ...(required === undefined ? {} : { required }),
    properties: { ...META, ...(showsName ? NAMED : {}), ...properties },
  };
}

function column({ name, type, jsonPath, description, wide }: PrinterColumn): Record<string, unknown> {
  return { name, type, description, jsonPath, ...(wide === true ? { priority: 1 } : {}) };
}

/** The CustomResourceDefinition of a kind; uses only what Kubernetes 1.28 knows. */
export function toCustomResourceDefinition(kind: KindDefinition): CustomResourceDefinition {
  const { plural, singular, shortNames } = kind;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${API_GROUP}`,
      labels: { "app.kubernetes.io/name": "agent-operator" },
    },
    spec: {
      group: API_GROUP,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural,
        singular,
        shortNames: [...shortNames],
        categories: ["agent-operator"],
      },
      scope: "Namespaced",
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns.map(column),
          schema: { openAPIV3Schema: schemaOf(kind) },
        },
      ],
    },
  };
}
