import type { ServedGroups } from "./discovery.ts";
import { structSchema, type OpenApiSchema } from "../kinds/openapi-schema.ts";
import type { Resource } from "../kinds/resource.ts";
import type { GoTypes } from "../kinds/types/notation.ts";
import { apiVersionOf } from "../../../kube/resources.ts";
import { versionInfo } from "../../version.ts";

/** The schemas of what is served, for `kubectl explain` and for clients that validate before they send. */

/** `api/v1`, `apis/batch/v1`, … with the resources of each. */
export function groupPaths(groups: ServedGroups): [string, readonly Resource[]][] {
  return [...groups].flatMap(([group, versions]) =>
    [...versions].map(([version, resources]): [string, readonly Resource[]] => [
      group === "" ? `api/${version}` : `apis/${group}/${version}`,
      resources,
    ]),
  );
}

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";

const META_TYPES = new Set([
  "ObjectMeta",
  "OwnerReference",
  "ManagedFieldsEntry",
  "LabelSelector",
  "LabelSelectorRequirement",
  "Condition",
  "DeleteOptions",
  "Preconditions",
]);

function typeName(name: string): string {
  return META_TYPES.has(name) ? `${META}${name}` : `io.k8s.api.core.v1.${name}`;
}

/** `com.example.demo.v1.Widget`, `io.k8s.api.batch.v1.Job`. */
function resourceName(resource: Resource): string {
  const { group, version, kind } = resource;
  if (resource.custom) return `${group.split(".").toReversed().join(".")}.${version}.${kind}`;
  return `io.k8s.api.${group === "" ? "core" : group.split(".")[0]}.${version}.${kind}`;
}

function references(schema: OpenApiSchema, prefix: string): OpenApiSchema {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === "$ref" && typeof value === "string" && !value.startsWith("#")
      ? `${prefix}${typeName(value)}`
      : value,
  );
  return JSON.parse(text) as OpenApiSchema;
}

const typeMeta: Record<string, OpenApiSchema> = {
  apiVersion: {
    type: "string",
    description:
      "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
  },
  kind: {
    type: "string",
    description:
      "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
  },
};

function gvk(resource: Resource): Record<string, string> {
  return { group: resource.group, version: resource.version, kind: resource.kind };
}

function resourceSchema(resource: Resource, prefix: string): OpenApiSchema {
  const schema = references(resource.schema, prefix);
  const metadata = {
    $ref: `${prefix}${META}ObjectMeta`,
    description:
      "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
  };
  return {
    ...schema,
    properties: { ...typeMeta, ...schema.properties, ...(resource.review === undefined ? { metadata } : {}) },
    "x-kubernetes-group-version-kind": [gvk(resource)],
  };
}

/** Named types that the schemas refer to, with those that they refer to. */
function usedTypes(types: GoTypes, schemas: Record<string, OpenApiSchema>, prefix: string): void {
  const pending = ["ObjectMeta", "DeleteOptions"];
  const find = (schema: OpenApiSchema): void => {
    JSON.stringify(schema, (key, value: unknown) => {
      if (key === "$ref" && typeof value === "string" && !value.startsWith("#")) pending.push(value);
      return value;
    });
  };
  pending.push(...types.keys());
  const done = new Set<string>();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (done.has(name)) continue;
    done.add(name);
    const schema = structSchema(types, name, (inner) => ({ $ref: inner }));
    find(schema);
    schemas[typeName(name)] = references(schema, prefix);
  }
}

const QUERY = ["dryRun", "fieldManager", "fieldValidation", "pretty"].map((name) => ({
  name,
  in: "query",
  schema: { type: "string", uniqueItems: true },
}));

/** OpenAPI v3 of one group and version. */
export function groupDocument(types: GoTypes, resources: readonly Resource[]): unknown {
  const prefix = "#/components/schemas/";
  const schemas: Record<string, OpenApiSchema> = {};
  usedTypes(types, schemas, prefix);
  const paths: Record<string, unknown> = {};
  for (const resource of resources) {
    schemas[resourceName(resource)] = resourceSchema(resource, prefix);
    const schema = { $ref: `${prefix}${resourceName(resource)}` };
    const content = { "application/json": { schema } };
    Object.assign(
      paths,
      resourcePaths(resource, {
        parameters: QUERY,
        requestBody: { content },
        responses: { "200": { description: "OK", content } },
      }),
    );
  }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: versionInfo.gitVersion },
    paths,
    components: { schemas },
  };
}

/** The collection's and the object's path, with an operation for each verb. */
function resourcePaths(resource: Resource, operation: Record<string, unknown>): Record<string, unknown> {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${apiVersionOf(resource)}`;
  const collection = `${root}${resource.namespaced ? "/namespaces/{namespace}" : ""}/${resource.plural}`;
  const operations = (methods: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(methods)
        .filter(([, verb]) => resource.verbs.includes(verb))
        .map(([method, verb]) => [
          method,
          {
            ...operation,
            "x-kubernetes-action": verb,
            "x-kubernetes-group-version-kind": gvk(resource),
          },
        ]),
    );
  return {
    [collection]: operations({ get: "list", post: "create" }),
    [`${collection}/{name}`]: operations({ get: "get", put: "update", patch: "patch", delete: "delete" }),
  };
}

/** OpenAPI v2 of everything: definitions, and paths enough to find them by. */
export function wholeDocument(groups: ServedGroups, types: GoTypes): unknown {
  const prefix = "#/definitions/";
  const definitions: Record<string, OpenApiSchema> = {};
  usedTypes(types, definitions, prefix);
  const paths: Record<string, unknown> = {};
  for (const [, resources] of groupPaths(groups)) {
    for (const resource of resources) {
      definitions[resourceName(resource)] = resourceSchema(resource, prefix);
      const schema = { $ref: `${prefix}${resourceName(resource)}` };
      const parameters = QUERY.map(({ name }) => ({ name, in: "query", type: "string", uniqueItems: true }));
      Object.assign(
        paths,
        resourcePaths(resource, { parameters, responses: { "200": { description: "OK", schema } } }),
      );
    }
  }
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: versionInfo.gitVersion },
    paths,
    definitions,
  };
}
