import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { objectAt, textAt } from "../../../../kube/json.ts";
import { dnsLabelErrors } from "../../../../kube/names.ts";
import { validateVolumeSource } from "./volume-sources.ts";

/** Volumes of a pod: their errors and the names that containers may mount. */
export function validateVolumes(
  volumes: readonly MutableObject[],
  path: string,
): { names: Set<string>; errors: FieldError[] } {
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    errors.push(...validateSource(volume, at));
    const name = textAt(volume, "name");
    if (name === "") {
      errors.push(field.required(`${at}.name`));
      continue;
    }
    const wrong = dnsLabelErrors(name).map((detail) => field.invalid(`${at}.name`, name, detail));
    if (wrong.length === 0 && names.has(name)) wrong.push(field.duplicate(`${at}.name`, name));
    errors.push(...wrong);
    names.add(name);
  }
  return { names, errors };
}

function validateSource(volume: MutableObject, at: string): FieldError[] {
  const [first = "", ...more] = Object.keys(volume).filter((name) => name !== "name");
  return [
    ...validateVolumeSource(first, objectAt(volume, first), `${at}.${first}`),
    ...more.map((name) => field.forbidden(`${at}.${name}`, "may not specify more than 1 volume type")),
  ];
}
