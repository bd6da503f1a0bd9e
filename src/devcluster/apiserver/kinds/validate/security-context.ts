import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectsAt, objectAt, textAt } from "../../../../kube/json.ts";
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

const appArmor: Check = (value, at) => {
  if (!isObject(value)) return [];
  const type = textAt(value, "type");
  const profile = value["localhostProfile"];
  const here = `${at}.localhostProfile`;
  const errors = [
    ...present("type is required when appArmorProfile is set")(type, `${at}.type`, value),
    ...oneOf(...PROFILES)(type, `${at}.type`, value),
  ];
  if (type !== "Localhost") {
    if (profile === undefined) return errors;
    return [...errors, field.invalid(here, profile, "can only be set when AppArmor type is Localhost")];
  }
  if (profile === undefined) {
    return [...errors, field.required(here, "must be set when AppArmor type is Localhost")];
  }
  const text = String(profile);
  if (text !== text.trim())
    return [...errors, field.invalid(here, text, "must not be padded with whitespace")];
  return text === ""
    ? [...errors, field.required(here, "must be set when AppArmor type is Localhost")]
    : errors;
};

const SYSCTL = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

function sysctlsErrors(_value: unknown, at: string, security: MutableObject): FieldError[] {
  const names = objectsAt(security, "sysctls").map((sysctl) => textAt(sysctl, "name"));
  return names.flatMap((name, index) => {
    const here = `${at}[${index}].name`;
    if (name === "") return [field.required(here)];
    if (!new RegExp(SYSCTL).test(name) || name.length > 253) {
      return [field.invalid(here, name, `must have at most 253 characters and match regex ${SYSCTL}`)];
    }
    return names.indexOf(name) < index ? [field.duplicate(here, name)] : [];
  });
}

const POD: readonly Rule[] = [
  ["runAsUser", ID],
  ["runAsGroup", ID],
  ["fsGroup", ID],
  ["supplementalGroups[]", ID],
  ["sysctls", sysctlsErrors],
  ["fsGroupChangePolicy", oneOf("Always", "OnRootMismatch")],
  ["supplementalGroupsPolicy", oneOf("Merge", "Strict")],
  ["seccompProfile", seccomp],
  ["appArmorProfile", appArmor],
];

/** Everything wrong with the security context of the pod whose spec is at `path`. */
export function validatePodSecurity(spec: MutableObject, path: string): FieldError[] {
  const at = `${path}.securityContext`;
  const errors = checkRules(POD, objectAt(spec, "securityContext"), at);
  if (spec["shareProcessNamespace"] === true && spec["hostPID"] === true) {
    const words = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(field.invalid(`${at}.shareProcessNamespace`, true, words));
  }
  if (spec["hostUsers"] !== false) return errors;
  const shared = ["hostNetwork", "hostPID", "hostIPC"].filter((name) => spec[name] === true);
  return [
    ...errors,
    ...shared.map((name) => field.forbidden(`${path}.${name}`, "when `hostUsers` is false")),
  ];
}

const CONTAINER: readonly Rule[] = [
  ["runAsUser", ID],
  ["runAsGroup", ID],
  ["procMount", oneOf("Default", "Unmasked")],
  ["seccompProfile", seccomp],
  ["appArmorProfile", appArmor],
];

/** The context as messages show it: with Go's field names, and those left out as null. */
function shown(security: MutableObject): MutableObject {
  const capabilities = security["capabilities"] as MutableObject | undefined;
  const names = [
    "Privileged",
    "SELinuxOptions",
    "WindowsOptions",
    "RunAsUser",
    "RunAsGroup",
    "RunAsNonRoot",
    "ReadOnlyRootFilesystem",
    "AllowPrivilegeEscalation",
    "ProcMount",
    "SeccompProfile",
    "AppArmorProfile",
  ];
  const listed = capabilities && { Add: capabilities["add"] ?? null, Drop: capabilities["drop"] ?? null };
  const rest = names.map((name): [string, unknown] => [
    name,
    security[`${name[0]?.toLowerCase()}${name.slice(1)}`] ?? null,
  ]);
  return { Capabilities: listed ?? null, ...Object.fromEntries(rest) };
}

/** Everything wrong with a container's security context; `spec` is the pod's. */
export function validateContainerSecurity(
  security: MutableObject,
  at: string,
  spec: MutableObject,
): FieldError[] {
  const errors = checkRules(CONTAINER, security, at);
  if (security["procMount"] === "Unmasked" && spec["hostUsers"] !== false) {
    const words = "`hostUsers` must be false to use `Unmasked`";
    errors.push(field.invalid(`${at}.procMount`, "Unmasked", words));
  }
  if (security["allowPrivilegeEscalation"] !== false) return errors;
  const refuse = (what: string): void => {
    const words = `cannot set \`allowPrivilegeEscalation\` to false and ${what}`;
    errors.push(invalidStruct(at, shown(security), words));
  };
  if (security["privileged"] === true) refuse("`privileged` to true");
  const added = objectAt(security, "capabilities")["add"];
  if (Array.isArray(added) && added.includes("CAP_SYS_ADMIN")) refuse("`capabilities.Add` CAP_SYS_ADMIN");
  return errors;
}
