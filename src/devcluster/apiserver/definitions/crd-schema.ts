import { forbidden, invalid, notSupported, type FieldError } from "../../../kube/field-errors.ts";
import { isObject, jsonEqual, type JsonObject, objectsOf } from "../../../kube/json.ts";
import { declTypeOf } from "./cel/decl-type.ts";
import { createRuleSet } from "../../../kube/schema/cel/rules.ts";
import { extensionErrors } from "./crd-extensions.ts";
import { createParser } from "../../../kube/schema/cel/expression.ts";
import { budgetErrors, compileRuleErrors, ruleFieldErrors, type CostBudget } from "./crd-rules.ts";
import { propertiesOf, typeOf, validateStructural } from "./crd-structural.ts";
import { readSchema } from "../../../kube/schema/node.ts";
import { prune } from "../../../kube/schema/prune.ts";
import { validateValue } from "../../../kube/schema/validate.ts";

/** Validation of a schema in a CRD. Source: apiextensions-apiserver pkg/apis/apiextensions/validation. */

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const UNSUPPORTED = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];
const ROOT_FIELDS = new Set(
  (
    "description type format title maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern " +
    "maxItems minItems uniqueItems multipleOf required items properties externalDocs example " +
    "x-kubernetes-preserve-unknown-fields x-kubernetes-validations"
  ).split(" "),
);
/** As the server lists them: by the names of Go's fields. */
const ROOT_FIELDS_PRINTED =
  "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";
const META_FIELDS = new Set(["metadata", "kind", "apiVersion"]);

interface Place {
  readonly path: string;
  readonly isRoot: boolean;
  /** Whether and why a default may not be here. */
  readonly noDefaults: string | undefined;
  readonly insideMeta: boolean;
  readonly cardinality: number | undefined;
  readonly uncorrelatable: string | undefined;
}

interface Walk {
  readonly schemaErrors: FieldError[];
  readonly ruleErrors: FieldError[];
  readonly budget: CostBudget;
  /** Rules are compiled only in a schema that is structural. */
  readonly compiles: boolean;
}

function plainErrors(schema: JsonObject, place: Place): FieldError[] {
  const { path } = place;
  const type = typeOf(schema);
  const errors: FieldError[] = [];
  if (type !== "" && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES));
  if (schema["default"] !== undefined && place.noDefaults !== undefined) {
    errors.push(forbidden(`${path}.default`, `must not be set ${place.noDefaults}`.trim()));
  }
  for (const keyword of UNSUPPORTED) {
    if (schema[keyword] !== undefined)
      errors.push(forbidden(`${path}.${keyword}`, `${keyword} is not supported`));
  }
  if (type === "null") {
    errors.push(forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative"));
  }
  if (Array.isArray(schema["items"])) {
    errors.push(forbidden(`${path}.items`, "items must be a schema object and not an array"));
  }
  if (place.insideMeta && schema["x-kubernetes-embedded-resource"] === true) {
    const words = "must not be used inside of resource meta";
    errors.push(forbidden(`${path}.x-kubernetes-embedded-resource`, words));
  }
  if (schema["uniqueItems"] === true) {
    const words = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    errors.push(forbidden(`${path}.uniqueItems`, words));
  }
  const additional = schema["additionalProperties"];
  if (propertiesOf(schema).length > 0 && (additional === false || isObject(additional))) {
    const words = "additionalProperties and properties are mutual exclusive";
    errors.push(forbidden(`${path}.additionalProperties`, words));
  }
  return errors;
}

/** How often each value of a schema's children can occur in one value of the schema; undefined: without bound. */
function maxElements(schema: JsonObject): number | undefined {
  const bound = (value: unknown): number | undefined =>
    typeof value === "number" ? Math.max(0, value) : undefined;
  if (typeOf(schema) === "array") return bound(schema["maxItems"]);
  if (typeOf(schema) !== "object" || schema["additionalProperties"] === undefined) return 1;
  return bound(schema["maxProperties"]);
}

function walkChildren(schema: JsonObject, place: Place, walk: Walk): void {
  const { path } = place;
  const factor = maxElements(schema);
  const cardinality =
    factor === undefined || place.cardinality === undefined ? undefined : factor * place.cardinality;
  const inside: Place = { ...place, isRoot: false, cardinality };
  const { additionalProperties, items } = schema;
  if (isObject(additionalProperties)) {
    const reason = "inside additionalProperties applying to object metadata";
    const noDefaults = place.insideMeta ? reason : place.noDefaults;
    visit(additionalProperties, { ...inside, path: `${path}.additionalProperties`, noDefaults }, walk);
  }
  const isResource = place.isRoot || schema["x-kubernetes-embedded-resource"] === true;
  for (const [name, property] of propertiesOf(schema)) {
    const isMeta = isResource && META_FIELDS.has(name);
    visit(
      property,
      {
        ...inside,
        path: `${path}.properties[${name}]`,
        insideMeta: place.insideMeta || isMeta,
        noDefaults: isMeta && place.isRoot ? `in top-level ${name}` : place.noDefaults,
      },
      walk,
    );
  }
  for (const junctor of ["allOf", "oneOf", "anyOf"]) {
    objectsOf(schema[junctor]).forEach((nested, index) =>
      visit(nested, { ...inside, path: `${path}.${junctor}[${index}]` }, walk),
    );
  }
  if (isObject(schema["not"])) visit(schema["not"], { ...inside, path: `${path}.not` }, walk);
  if (isObject(items)) {
    const isMap = schema["x-kubernetes-list-type"] === "map";
    const uncorrelatable = place.uncorrelatable ?? (isMap ? undefined : path);
    visit(items, { ...inside, path: `${path}.items`, uncorrelatable }, walk);
  }
}

function visit(schema: JsonObject, place: Place, walk: Walk): void {
  const before = walk.schemaErrors.length;
  walk.schemaErrors.push(...plainErrors(schema, place));
  walkChildren(schema, place, walk);
  walk.schemaErrors.push(...extensionErrors(schema, place.path));
  if (schema["x-kubernetes-validations"] === undefined) return;
  const node = readSchema(schema);
  const pathOf = (index: number): string => `${place.path}.x-kubernetes-validations[${index}]`;
  walk.schemaErrors.push(...node.rules.flatMap((rule, index) => ruleFieldErrors(rule, node, pathOf(index))));
  // A schema that is wrong here or below cannot be typed.
  if (!walk.compiles || walk.schemaErrors.length > before) return;
  const type = declTypeOf(node, place.isRoot || node.embedded);
  if (type === undefined) return;
  node.rules.forEach((rule, index) => {
    const { cardinality, uncorrelatable } = place;
    walk.ruleErrors.push(
      ...compileRuleErrors(rule, type, { path: pathOf(index), cardinality, uncorrelatable }, walk.budget),
    );
  });
}

function atDefault(errors: readonly FieldError[], path: string): FieldError[] {
  return errors.map((error) => ({
    ...error,
    field:
      error.field === "<nil>"
        ? path
        : error.field.startsWith("[")
          ? `${path}${error.field}`
          : `${path}.${error.field}`,
  }));
}

/** Defaults must be what their own schema accepts, pruned. */
function defaultErrors(schema: JsonObject, path: string): FieldError[] {
  const value = schema["default"];
  const errors: FieldError[] = [];
  if (value !== undefined && value !== null) {
    const node = readSchema(schema);
    const here = `${path}.default`;
    const { unknownPaths } = prune({ ...node, embedded: false }, value);
    if (isObject(value) && unknownPaths.length > 0 && !jsonEqual(prune(node, value).value, value)) {
      errors.push(invalid(here, value, "must not have unknown fields"));
    }
    const found = validateValue(node, value);
    errors.push(...atDefault(found.length > 0 ? found : createRuleSet(node).validate(value), here));
  }
  const { items } = schema;
  if (isObject(items)) errors.push(...defaultErrors(items, `${path}.items`));
  for (const [name, property] of propertiesOf(schema)) {
    errors.push(...defaultErrors(property, `${path}.properties[${name}]`));
  }
  return errors;
}

function statusRootErrors(schema: JsonObject, path: string): FieldError[] {
  const type = typeOf(schema);
  if (type !== "" && type !== "object") {
    const words =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [invalid(`${path}.type`, type, words)];
  }
  const other = Object.keys(schema).find((key) => !ROOT_FIELDS.has(key));
  if (other === undefined) return [];
  const words = `only ${ROOT_FIELDS_PRINTED} fields are allowed at the root of the schema if the status subresource is enabled`;
  return [invalid(path, schema, words)];
}

/** Everything wrong with the `openAPIV3Schema` of a CRD at `path`. */
export function validateCrdSchema(schema: JsonObject, path: string, hasStatus: boolean): FieldError[] {
  const errors = hasStatus ? statusRootErrors(schema, path) : [];
  if (schema["nullable"] === true)
    errors.push(forbidden(`${path}.nullable`, "nullable cannot be true at the root"));
  const structural = validateStructural(schema, path);
  const defaults = structural.length > 0 ? [] : defaultErrors(schema, path);
  const walk: Walk = {
    schemaErrors: [],
    ruleErrors: [],
    budget: { total: 0, expensive: [], parse: createParser() },
    compiles: structural.length === 0 && defaults.length === 0,
  };
  const root = {
    path,
    isRoot: true,
    noDefaults: undefined,
    insideMeta: false,
    cardinality: 1,
    uncorrelatable: undefined,
  };
  visit(schema, root, walk);
  return [
    ...errors,
    ...structural,
    ...defaults,
    ...walk.schemaErrors,
    ...walk.ruleErrors,
    ...budgetErrors(walk.budget, path),
  ];
}
