/**
 * One `x-kubernetes-validations` entry. `rule` is a CEL expression of what must hold, with `self` (and
 * `oldSelf` in transition rules) bound to its value; `message` is what the user sees
 * when it does not hold, without the field's path, which the API server puts in front.
 */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** What kind of error it is, when not an invalid value; `FieldValueForbidden` keeps the value out of it. */
  readonly reason?: "FieldValueForbidden" | "FieldValueRequired";
  /** The field below that the error is shown on, such as `.worktree`. */
  readonly fieldPath?: string;
}

/** A CEL string literal for `text`, in which a backslash stands for itself. */
export function celText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A CEL list of string literals. */
export function celList(items: readonly string[]): string {
  return `[${items.map(celText).join(", ")}]`;
}

/** CEL: the string that `expression` yields matches an RE2 pattern (not anchored by itself). */
export function matches(expression: string, pattern: string): string {
  return `${expression}.matches(${celText(pattern)})`;
}

/** The rule that a string matches a pattern. */
export function matchesRule(pattern: string, message: string): Rule {
  return { rule: matches("self", pattern), message };
}
