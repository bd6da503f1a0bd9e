import { invalid, required, type FieldError } from "../field-errors.ts";
import { fieldOf, isObject } from "../json.ts";
import { createRuleSet } from "./cel/rules.ts";
import { applyDefaults } from "./defaults.ts";
import { validateLists } from "./lists.ts";
import { childNode, readSchema, type SchemaNode } from "./node.ts";
import { prune, type Pruned } from "./prune.ts";
import { validateValue } from "./validate.ts";

/** An OpenAPI v3 schema of a CRD version, ready for every write of its objects. Nothing changes its input. */
export interface CompiledSchema {
  readonly root: SchemaNode;
  /** The object without unknown fields, and the paths of those: see `unknownFieldError`. */
  prune(object: unknown): Pruned;
  /** The object with defaults, and without nulls that are not nullable. */
  applyDefaults(object: unknown): unknown;
  /**
   * Everything the schema refuses, in the server's order: values, embedded resources, list types, CEL rules.
   * With `old` (an update) unchanged values are not judged again, and transition rules see it as oldSelf.
   */
  validate(object: unknown, old?: unknown): FieldError[];
}

const BLOCKING = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);
const SKIPPED_RULES =
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

function embeddedErrors(node: SchemaNode, value: unknown, path: string): FieldError[] {
  if (!node.below.embedded) return [];
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined
      ? []
      : (value as readonly unknown[]).flatMap((item, index) =>
          embeddedErrors(items, item, `${path}[${index}]`),
        );
  }
  if (!isObject(value)) return [];
  const own = node.embedded
    ? ["apiVersion", "kind"].flatMap((key) => {
        const found = fieldOf(value, key);
        return typeof found === "string" && found !== ""
          ? []
          : [required(`${path}.${key}`, "must not be empty")];
      })
    : [];
  const below = Object.entries(value).flatMap(([key, field]) => {
    const child = childNode(node, key);
    return child === undefined ? [] : embeddedErrors(child, field, path === "" ? key : `${path}.${key}`);
  });
  return [...own, ...below];
}

/** Compiles a schema given as JSON. Total: a malformed schema compiles to one that asks less; see crd.ts. */
export function compileSchema(schema: unknown): CompiledSchema {
  const root = readSchema(schema);
  const rules = createRuleSet(root);
  return {
    root,
    prune: (object) => prune(root, object),
    applyDefaults: (object) => applyDefaults(root, object),
    validate(object, old) {
      const errors = [...validateValue(root, object, old), ...embeddedErrors(root, object, "")];
      // Duplicates that are already stored do not stand in the way of other changes.
      if (old === undefined || validateLists(root, old).length === 0)
        errors.push(...validateLists(root, object));
      if (!root.below.rules) return errors;
      if (errors.some((error) => BLOCKING.has(error.reason))) {
        return [...errors, invalid("<nil>", null, SKIPPED_RULES)];
      }
      return [...errors, ...rules.validate(object, old)];
    },
  };
}
