import { stringify } from "yaml";
import { API_GROUP, API_VERSION } from "../../src/api/group.ts";
import { customResourceDefinitions, KINDS } from "../../src/api/kinds.ts";
import { schemaOf } from "../../src/api/schema/crd.ts";
import type { StructuralSchema } from "../../src/api/schema/structural.ts";
import { type Generator, NOTICE } from "./generator.ts";

/** Kinds of Kubernetes' own that fields of ours name, by how the field's description or name says so. */
const NAMED_BY_DESCRIPTION: readonly [RegExp, kind: string][] = [
  [/^Name of the Secret\b/, "Secret"],
  [/^Name of the ConfigMap\b/, "ConfigMap"],
];
const NAMED_BY_FIELD: readonly [RegExp, kind: string][] = [
  [/^providerRef$/, "AgentProvider"],
  [/^workspaceRef$/, "AgentWorkspace"],
  [/^(default)?serviceAccountName$/i, "ServiceAccount"],
  [/^(default)?priorityClassName$/i, "PriorityClass"],
  [/^(default)?runtimeClassName$/i, "RuntimeClass"],
];

/** Whose fields are names of AgentProviders. */
const PROVIDERS = "defaultProviders";

interface FieldSpec {
  path: string;
  kind: string;
}

/** `configurations:` of a kustomization: with it, prefixes and hashes of names reach the fields that hold them. */
const nameReference: Generator = {
  files: async () => {
    const references = new Map<string, FieldSpec[]>();
    for (const { kind, ...rest } of KINDS) {
      const spec = schemaOf({ kind, ...rest }).properties?.["spec"];
      for (const [named, path] of spec === undefined ? [] : namesIn(spec, "spec"))
        references.set(named, [...(references.get(named) ?? []), { path, kind }]);
    }
    const nameReference = [...references].map(([kind, fieldSpecs]) => ({ kind, fieldSpecs }));
    const file = "config/kustomize/name-reference.yaml";
    return new Map([[file, `# ${NOTICE}\n${stringify({ nameReference })}`]]);
  },
  folder: "config/kustomize",
};

function namesIn(schema: StructuralSchema, path: string): [kind: string, path: string][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
    const at = `${path}/${name}`;
    if (name === PROVIDERS)
      return Object.keys(value.properties ?? {}).map((agent): [string, string] => [
        "AgentProvider",
        `${at}/${agent}`,
      ]);
    const kind =
      NAMED_BY_DESCRIPTION.find(([said]) => name === "name" && said.test(value.description ?? "")) ??
      NAMED_BY_FIELD.find(([field]) => value.type === "string" && field.test(name));
    const below = [...namesIn(value, at), ...(value.items ? namesIn(value.items, at) : [])];
    return kind === undefined ? below : [[kind[1], at], ...below];
  });
}

/** By kind, for `--field-selector`, which Kubernetes has for custom resources from 1.31 on. */
export const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  AgentRun: [".status.phase", ".status.agent"],
  AgentWorkspace: [".status.phase"],
};

const selectableFields: Generator = {
  files: async () => {
    const patches = customResourceDefinitions().flatMap(({ metadata, spec }) => {
      const fields = SELECTABLE[spec.names.kind];
      if (fields === undefined) return [];
      const value = fields.map((jsonPath) => ({ jsonPath }));
      const patch = stringify([{ op: "add", path: "/spec/versions/0/selectableFields", value }]);
      return [{ target: { kind: "CustomResourceDefinition", name: metadata.name }, patch }];
    });
    const component = { apiVersion: "kustomize.config.k8s.io/v1alpha1", kind: "Component", patches };
    const file = "config/components/selectable-fields/kustomization.yaml";
    const about =
      "# Beside config/crd, from Kubernetes 1.31 on: kubectl get agentruns --field-selector status.phase=Running\n";
    return new Map([[file, `# ${NOTICE}\n${about}${stringify(component)}`]]);
  },
  folder: "config/components/selectable-fields",
};

/** JSON schemas of what people write, for editors: `# yaml-language-server: $schema=PATH`. */
const editorSchemas: Generator = {
  files: async () =>
    new Map(
      KINDS.map((definition) => {
        const { properties, ...root } = schemaOf(definition);
        const written = Object.entries(properties ?? {}).map(([name, value]) => [name, forEditors(value)]);
        const schema = {
          $schema: "http://json-schema.org/draft-07/schema#",
          $comment: NOTICE,
          ...forEditors(root),
          required: ["apiVersion", "kind", "metadata"],
          properties: {
            ...Object.fromEntries(written),
            apiVersion: { const: `${API_GROUP}/${API_VERSION}` },
            kind: { const: definition.kind },
            metadata: { type: "object" },
            // The operator writes it.
            status: {},
          },
          additionalProperties: false,
        };
        const text = JSON.stringify(schema, undefined, 2);
        return [`config/schemas/${definition.singular}.json`, `${text}\n`];
      }),
    ),
  folder: "config/schemas",
};

/** As JSON Schema has it: without rules in CEL, and with nothing beside the fields that there are, as kubectl has it. */
function forEditors(schema: StructuralSchema): Record<string, unknown> {
  const kept = Object.entries(schema).filter(
    ([key]) => !key.startsWith("x-kubernetes-") && key !== "nullable",
  );
  const { properties, items, additionalProperties, ...rest } = Object.fromEntries(kept) as StructuralSchema;
  const below = Object.entries(properties ?? {}).map(([name, value]) => [name, forEditors(value)]);
  return {
    ...rest,
    ...(schema["x-kubernetes-int-or-string"] === true && { type: ["integer", "string"] }),
    ...(properties && { properties: Object.fromEntries(below), additionalProperties: false }),
    ...(items && { items: forEditors(items) }),
    ...(typeof additionalProperties === "object" && {
      additionalProperties: forEditors(additionalProperties),
    }),
  };
}

/** What other tools than kubectl and helm need to know of the kinds. */
export const toolFiles: readonly Generator[] = [nameReference, selectableFields, editorSchemas];
