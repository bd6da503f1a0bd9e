import { duplicate, invalid, required, tooMany, type FieldError } from "../../../kube/field-errors.ts";
import { isObject, jsonEqual, type JsonObject, objectAt, objectsAt, textAt } from "../../../kube/json.ts";
import { dns1035LabelErrors } from "../../../kube/names.ts";
import { normalizeFieldPath } from "../../../kube/schema/cel/field-path.ts";
import { validateCrdSchema } from "./crd-schema.ts";
import { readSchema } from "../../../kube/schema/node.ts";

/** The versions of a CRD: schema, subresources, printer columns, selectable fields. */

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
const MAXIMUM_SELECTABLE_FIELDS = 8;

function simplePathErrors(path: string, field: string): FieldError[] {
  return path.startsWith(".") ? [] : [invalid(field, path, "must be a simple json path starting with .")];
}

function columnErrors(column: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (textAt(column, "name") === "") errors.push(required(`${path}.name`));
  const type = textAt(column, "type");
  const words = `must be one of ${COLUMN_TYPES.join(",")}`;
  if (type === "") errors.push(required(`${path}.type`, words));
  else if (!COLUMN_TYPES.includes(type)) errors.push(invalid(`${path}.type`, type, words));
  const format = textAt(column, "format");
  if (format !== "" && !COLUMN_FORMATS.includes(format)) {
    errors.push(invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(",")}`));
  }
  const jsonPath = textAt(column, "jsonPath");
  if (jsonPath === "") errors.push(required(`${path}.JSONPath`));
  else errors.push(...simplePathErrors(jsonPath, `${path}.JSONPath`));
  return errors;
}

function selectableErrors(fields: readonly JsonObject[], schema: JsonObject, path: string): FieldError[] {
  const root = readSchema(schema);
  const seen = new Set<string>();
  const errors = fields.flatMap((selectable, index) => {
    const here = `${path}[${index}].jsonPath`;
    const jsonPath = textAt(selectable, "jsonPath");
    if (jsonPath === "") return [required(here)];
    const { value, error } = normalizeFieldPath(jsonPath, root, false);
    if (error !== undefined) return [invalid(here, jsonPath, `is an invalid path: ${error}`)];
    const found: FieldError[] = [];
    if (value.keys[0] === "metadata")
      found.push(invalid(here, jsonPath, "must not point to fields in metadata"));
    const [type = ""] = value.node.intOrString ? [] : value.node.types;
    if (!["string", "boolean", "integer"].includes(type)) {
      const words =
        "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
      found.push(invalid(here, jsonPath, words));
    }
    if (seen.has(value.path)) found.push(duplicate(here, jsonPath));
    seen.add(value.path);
    return found;
  });
  if (seen.size > MAXIMUM_SELECTABLE_FIELDS) errors.push(tooMany(path, seen.size, MAXIMUM_SELECTABLE_FIELDS));
  return errors;
}

function scaleErrors(version: JsonObject, path: string): FieldError[] {
  const scale = objectAt(version, "subresources")["scale"];
  if (!isObject(scale)) return [];
  const check = (key: string, roots: readonly string[], words: string, isNeeded: boolean): FieldError[] => {
    const value = textAt(scale, key);
    const field = `${path}.scale.${key}`;
    if (value === "") return isNeeded ? [required(field)] : [];
    const simple = simplePathErrors(value, field);
    if (simple.length > 0) return simple;
    return roots.some((root) => value.startsWith(root)) ? [] : [invalid(field, value, words)];
  };
  return [
    ...check("specReplicasPath", [".spec."], "should be a json path under .spec", true),
    ...check("statusReplicasPath", [".status."], "should be a json path under .status", true),
    ...check(
      "labelSelectorPath",
      [".spec.", ".status."],
      "should be a json path under either .spec or .status",
      false,
    ),
  ];
}

/** The paths that errors in a version have: what all versions share is reported once, as a field of the spec. */
interface VersionPaths {
  readonly schema: string | undefined;
  readonly subresources: string | undefined;
  readonly columns: string | undefined;
  readonly selectableFields: string | undefined;
}

function versionPaths(versions: readonly JsonObject[], index: number): VersionPaths {
  const own = `spec.versions[${index}]`;
  const place = (key: string, shared: string, apart: string): string | undefined => {
    const isShared = versions.every((version) => jsonEqual(version[key], versions[0]?.[key]));
    if (!isShared) return apart;
    return index === 0 ? shared : undefined;
  };
  return {
    schema: place("schema", "spec.validation.openAPIV3Schema", `${own}.schema.openAPIV3Schema`),
    subresources: place("subresources", "spec.subresources", `${own}.subresources`),
    columns: place(
      "additionalPrinterColumns",
      "spec.additionalPrinterColumns",
      `${own}.additionalPrinterColumns`,
    ),
    selectableFields: place("selectableFields", "spec.selectableFields", `${own}.selectableFields`),
  };
}

/** What is wrong with one version of a CRD; a schema that `isJudged` is not judged again. */
export function versionErrors(
  version: JsonObject,
  index: number,
  versions: readonly JsonObject[],
  isJudged: boolean,
): FieldError[] {
  const paths = versionPaths(versions, index);
  const schema = objectAt(version, "schema")["openAPIV3Schema"];
  const hasStatus = isObject(objectAt(version, "subresources")["status"]);
  const errors: FieldError[] = [];
  const name = textAt(version, "name");
  const wrong = dns1035LabelErrors(name);
  if (wrong.length > 0) errors.push(invalid(`spec.versions[${index}].name`, name, wrong.join(",")));
  if (isObject(schema) && paths.schema !== undefined && !isJudged) {
    errors.push(...validateCrdSchema(schema, paths.schema, hasStatus));
  }
  if (paths.subresources !== undefined) errors.push(...scaleErrors(version, paths.subresources));
  const { columns } = paths;
  if (columns !== undefined) {
    objectsAt(version, "additionalPrinterColumns").forEach((column, at) =>
      errors.push(...columnErrors(column, `${columns}[${at}]`)),
    );
  }
  const selectable = objectsAt(version, "selectableFields");
  if (selectable.length > 0 && paths.selectableFields !== undefined && isObject(schema)) {
    errors.push(...selectableErrors(selectable, schema, paths.selectableFields));
  }
  return errors;
}
