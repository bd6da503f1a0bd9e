import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { isJsonObject, itemsOf, type JsonObject } from "../../answers/json-object.ts";
import { invalidStruct } from "./rule-table.ts";

/** When an indexed Job is a success before all its indexes are. Source: kubernetes pkg/apis/batch/validation. */

/** Everything wrong with a Job's `successPolicy`. */
export function validateSuccessPolicy(value: unknown, at: string, spec: JsonObject): FieldError[] {
  if (!isJsonObject(value)) return [];
  const rules = itemsOf(value, "rules");
  if (spec["completionMode"] !== "Indexed") {
    const shown = rules.map((rule) => ({
      SucceededIndexes: rule["succeededIndexes"] ?? null,
      SucceededCount: rule["succeededCount"] ?? null,
    }));
    return [invalidStruct(at, { Rules: shown }, "requires indexed completion mode")];
  }
  if (rules.length === 0) {
    return [
      field.required(
        `${at}.rules`,
        "at least one rules must be specified when the successPolicy is specified",
      ),
    ];
  }
  const completions = Number(spec["completions"] ?? 0);
  return rules.flatMap((rule, index) => ruleErrors(rule, `${at}.rules[${index}]`, completions));
}

function ruleErrors(rule: JsonObject, at: string, completions: number): FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined) {
    return [field.required(at, "at least one of succeededCount or succeededIndexes must be specified")];
  }
  const errors: FieldError[] = [];
  let listed: number | undefined;
  if (indexes !== undefined) {
    const read = readIndexes(String(indexes), completions);
    if (typeof read === "number") listed = read;
    else {
      const words = `error parsing succeededIndexes: ${read.error}`;
      errors.push(field.invalid(`${at}.succeededIndexes`, indexes, words));
    }
  }
  if (typeof count !== "number") return errors;
  const here = `${at}.succeededCount`;
  if (count < 0) errors.push(field.invalid(here, count, "must be greater than or equal to 0"));
  if (count > completions) {
    const words = `must be less than or equal to ${completions} (the number of specified completions)`;
    errors.push(field.invalid(here, count, words));
  }
  if (listed !== undefined && count > listed) {
    const words = `must be less than or equal to ${listed} (the number of indexes in the specified succeededIndexes field)`;
    errors.push(field.invalid(here, count, words));
  }
  return errors;
}

/** How many indexes a text as `1,3-5` names, in ascending order, or what is wrong with it. */
function readIndexes(text: string, completions: number): number | { error: string } {
  let total = 0;
  let last = -1;
  for (const part of text === "" ? [] : text.split(",")) {
    const ends = part.split("-");
    if (ends.length > 2)
      return {
        error: `the fragment "${part}" violates the requirement that an index interval can have at most two parts separated by '-'`,
      };
    const numbers = ends.map((end) => (/^[-+]?[0-9]+$/.test(end) ? Number(end) : undefined));
    const unread = numbers.indexOf(undefined);
    if (unread >= 0) {
      const what = JSON.stringify(ends[unread]);
      return { error: `cannot convert string to integer for index: ${what}` };
    }
    const [from = 0, to = from] = numbers as number[];
    const large = [from, to].find((end) => end >= completions);
    if (large !== undefined) return { error: `too large index: "${large}"` };
    if (from <= last || (ends.length === 2 && from >= to)) {
      const range = ends.length === 2 && from >= to;
      return {
        error: range
          ? `non-increasing order, previous: ${from}, current: ${to}`
          : `non-increasing order, previous: ${last}, current: ${from}`,
      };
    }
    total += to - from + 1;
    last = to;
  }
  return total;
}
