import { RESERVED_ENV_NAMES, RESERVED_ENV_PREFIXES } from "../reserved-env.ts";
import { celList, celText, matches, matchesRule, type Rule } from "../schema/rule.ts";
import { HTTP_URL } from "./values.ts";

/** Kubernetes also takes `-` and `.`, but no shell can hold such a variable, and some drop it. */
export const ENV_NAME = "^[_a-zA-Z][_a-zA-Z0-9]*$";

const NAME_MESSAGE =
  "must be the name of an environment variable that a shell can hold: letters, digits and '_', not starting with a digit";
const OWN = `(${RESERVED_ENV_PREFIXES.map((prefix) => `${prefix}*`).join(", ")}, HOME, TMPDIR, GIT_DIR and the others that the reference lists)`;

/** CEL: the string `value` is not a variable of the operator's own. */
function notReserved(value: string): string {
  const prefixes = RESERVED_ENV_PREFIXES.map((prefix) => `!${value}.startsWith(${celText(prefix)})`);
  return [...prefixes, `!(${value} in ${celList(RESERVED_ENV_NAMES)})`].join(" && ");
}

export const plainEnvName = matchesRule(ENV_NAME, NAME_MESSAGE);

export const envName: readonly Rule[] = [
  plainEnvName,
  {
    rule: notReserved("self"),
    message: `must not be one of the variables that the operator sets itself ${OWN}`,
  },
];

/** The same for the keys of a map. */
export const envKeys: readonly Rule[] = [
  {
    rule: `self.all(name, ${matches("name", ENV_NAME)})`,
    message: `every key ${NAME_MESSAGE}`,
  },
  {
    rule: `self.all(name, ${notReserved("name")})`,
    message: `no key may be one of the variables that the operator sets itself ${OWN}`,
  },
];

export const oneEnvSource: readonly Rule[] = [
  {
    rule: "!(has(self.value) && self.value != '' && has(self.valueFrom))",
    message: "set value or valueFrom, not both",
  },
];

export const oneValueFrom: Rule = {
  rule: "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef), has(self.resourceFieldRef)].exists_one(given, given)",
  message: "set exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef",
};

/** Base URLs are the ones that an agent sends its key to; `$(VAR)` may be in them. */
export const providerUrls: readonly Rule[] = ["ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"].map((name) => ({
  rule: `!('${name}' in self) || ${matches(`self['${name}']`, HTTP_URL)}`,
  message: `${name} must be a URL that starts with http:// or https:// and has no spaces`,
}));
