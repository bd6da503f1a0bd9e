/**
 * The notation in which the built-in kinds' Go types are written down as data. A field is
 * `PREFIX TYPE HINT @NUMBER`:
 * - prefix: none for `omitempty` (a zero value disappears; a struct is always shown), `*` for a pointer
 *   (a zero value stays), `!` for a field that is always shown;
 * - type: string bool int32 int64 number quantity time microTime intOrString any bytes, the name of
 *   another type, `[]T` a list, `{}T` a map from strings;
 * - hint: `map=KEY,KEY`, `set` or `atomic` (the default) for lists, `atomic` for structs and maps,
 *   `default=VALUE` for a string that is part of a list's keys;
 * - `@N`: the field's number in Kubernetes' protobuf form; `@N.M`: field M of a message that is field N
 *   there, but not in JSON.
 */
export type TypeTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Types without parts. */
export type Scalar =
  | "string"
  | "bool"
  | "int32"
  | "int64"
  | "number"
  | "quantity"
  | "time"
  | "microTime"
  | "intOrString"
  | "any"
  | "bytes";

/** A field's type. */
export type GoType =
  | { readonly kind: "scalar"; readonly scalar: Scalar }
  | { readonly kind: "struct"; readonly name: string; readonly atomic: boolean }
  | { readonly kind: "map"; readonly element: GoType; readonly atomic: boolean }
  | { readonly kind: "list"; readonly element: GoType; readonly list: ListHint };

/** How a list is merged and owned: by keys, as a set, or as a whole. */
export type ListHint =
  | { readonly type: "map"; readonly keys: readonly string[] }
  | { readonly type: "set" | "atomic" };

/** A field of a struct. */
export interface GoField {
  readonly presence: "omitempty" | "pointer" | "always";
  readonly type: GoType;
  readonly default?: string;
  /** Field numbers in the protobuf form, from the outer message inwards; none: not known in that form. */
  readonly numbers: readonly number[];
}

/** A struct's fields by their JSON names. */
export type GoStruct = ReadonlyMap<string, GoField>;

/** Finds a type's fields by its name. */
export type GoTypes = ReadonlyMap<string, GoStruct>;

const SCALARS: ReadonlySet<string> = new Set<Scalar>([
  "string",
  "bool",
  "int32",
  "int64",
  "number",
  "quantity",
  "time",
  "microTime",
  "intOrString",
  "any",
  "bytes",
]);

/** Reads tables of types; throws on a name that no table declares, so that a mistake shows at the start. */
export function parseTypes(...tables: readonly TypeTable[]): GoTypes {
  const types = new Map<string, GoStruct>();
  for (const table of tables) {
    for (const [name, fields] of Object.entries(table)) {
      types.set(
        name,
        new Map(Object.entries(fields).map(([field, notation]) => [field, parseField(notation)])),
      );
    }
  }
  for (const [name, fields] of types) {
    for (const [field, { type }] of fields) requireDeclared(types, type, `${name}.${field}`);
  }
  return types;
}

function parseField(notation: string): GoField {
  const [expression = "", ...more] = notation.split(" ");
  const hint = more.find((part) => !part.startsWith("@")) ?? "";
  const place = more.find((part) => part.startsWith("@"));
  const prefix = expression[0];
  const presence = prefix === "*" ? "pointer" : prefix === "!" ? "always" : "omitempty";
  const type = parseType(presence === "omitempty" ? expression : expression.slice(1), hint);
  const numbers = place === undefined ? [] : place.slice(1).split(".").map(Number);
  const field = { presence, type, numbers } as const;
  return hint.startsWith("default=") ? { ...field, default: hint.slice(8) } : field;
}

function parseType(expression: string, hint: string): GoType {
  if (expression.startsWith("[]")) {
    const element = parseType(expression.slice(2), "");
    if (hint.startsWith("map=")) {
      return { kind: "list", element, list: { type: "map", keys: hint.slice(4).split(",") } };
    }
    return { kind: "list", element, list: { type: hint === "set" ? "set" : "atomic" } };
  }
  const atomic = hint === "atomic";
  if (expression.startsWith("{}")) {
    return { kind: "map", element: parseType(expression.slice(2), ""), atomic };
  }
  if (SCALARS.has(expression)) return { kind: "scalar", scalar: expression as Scalar };
  return { kind: "struct", name: expression, atomic };
}

function requireDeclared(types: GoTypes, type: GoType, where: string): void {
  if (type.kind === "list" || type.kind === "map") requireDeclared(types, type.element, where);
  else if (type.kind === "struct" && !types.has(type.name)) {
    throw new Error(`${where} is of type ${type.name}, which no table declares`);
  }
}
