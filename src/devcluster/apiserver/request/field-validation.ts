import type { StatusError } from "../answers/status-error.ts";
import type { WriteOptions } from "./options.ts";

/** What field validation says of a body, and what comes of it. Source: apiserver endpoints/handlers. */

/** Fields that a type does not have, by their paths. */
export function unknownFields(paths: readonly string[]): string[] {
  return paths.map((path) => `unknown field "${path}"`);
}

/** Fields that a text sets more than once, by their paths. */
export function repeatedFields(paths: readonly string[]): string[] {
  return paths.map((path) => `duplicate field "${path}"`);
}

/** Warns of complaints, passes over them, or throws what `refuse` makes of them: as the client asks. */
export function complain(
  complaints: readonly string[],
  { fieldValidation }: Pick<WriteOptions, "fieldValidation">,
  warnings: string[],
  refuse: (why: string) => StatusError,
): void {
  if (complaints.length === 0 || fieldValidation === "Ignore") return;
  if (fieldValidation === "Strict") throw refuse(`strict decoding error: ${complaints.join(", ")}`);
  warnings.push(...complaints.flatMap(linesOf));
}

/** Each line of what Go's YAML decoder complains of is its own warning. */
function linesOf(complaint: string): string[] {
  const [head = "", ...lines] = complaint.split("\n");
  return lines.length === 0 ? [head] : lines.map((line) => line.trim());
}
