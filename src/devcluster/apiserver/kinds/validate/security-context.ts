import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectAt, textAt } from "../../../../kube/json.ts";
import { relativePathErrors } from "./paths.ts";
import { between, checkRules, invalidStruct, oneOf, present, type Check, type Rule } from "./rule-table.ts";

/** Security contexts of pods and containers. Source: kubernetes pkg/apis/core/validation. */

const ID = between(0, 2 ** 31 - 1);
const PROFILES = ["Localhost", "RuntimeDefault", "Unconfined"];

const seccomp: Check = (value, at) => {
  if (!isObject(value)) return [];
  const type = textAt(value, "type");
  const path = textAt(value, "localhostProfile");
  const errors = [
    ...present("type is required when seccompProfile is set")(type, `${at}.type`, value),
    ...oneOf(...PROFILES)(type, `${at}.type`, value),
  ];
  const here = `${at}.localhostProfile`;
  if (type === "Localhost") {
    if (value["localhostProfile"] === undefined) {
      return [...errors, field.required(here, "must be set when seccomp type is Localhost")];
    }
    return [...errors, ...relativePathErrors(path, here)];
  }
  if (value["localhostProfile"] === undefined) return errors;
  const shown = { Type: type, LocalhostProfile: path };
  return [...errors, invalidStruct(here, shown, "can only be set when seccomp type is Localhost")];
};

const POD: readonly Rule[] = [
  ["runAsUser", ID],
  ["runAsGroup", ID],
  ["fsGroup", ID],
  ["supplementalGroups[]", ID],
  ["fsGroupChangePolicy", oneOf("Always", "OnRootMismatch")],
  ["seccompProfile", seccomp],
];

/** Everything wrong with the security context of the pod whose spec is at `path`. */
export function validatePodSecurity(spec: MutableObject, path: string): FieldError[] {
  const at = `${path}.securityContext`;
  return checkRules(POD, objectAt(spec, "securityContext"), at);
}

const CONTAINER: readonly Rule[] = [
  ["runAsUser", ID],
  ["runAsGroup", ID],
  ["seccompProfile", seccomp],
];

/** Everything wrong with a container's security context. */
export function validateContainerSecurity(security: MutableObject, at: string): FieldError[] {
  return checkRules(CONTAINER, security, at);
}
