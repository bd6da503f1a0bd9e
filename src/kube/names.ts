/**
 * Rules for names, each answering what is wrong in Kubernetes' own words (nothing wrong: an empty list).
 * Source: apimachinery util/validation and api/validate/content. Lengths are counted in bytes.
 */

const DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const DNS_1035_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?";
const LABEL_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE = `(${LABEL_KEY})?`;
const CONFIG_KEY = "[-._a-zA-Z0-9]+";

const LABEL_KEY_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const DNS_LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const DNS_SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const DNS_1035_WORDS =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const LABEL_VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const ENV_NAME_WORDS =
  "a valid environment variable name must consist only of printable ASCII characters other than '='";

const dnsLabel = new RegExp(`^${DNS_LABEL}$`);
const dnsSubdomain = new RegExp(`^${DNS_SUBDOMAIN}$`);
const dns1035Label = new RegExp(`^${DNS_1035_LABEL}$`);
const labelKey = new RegExp(`^${LABEL_KEY}$`);
const labelValue = new RegExp(`^${LABEL_VALUE}$`);
const configKey = new RegExp(`^${CONFIG_KEY}$`);

/** The number of bytes of `text` in UTF-8. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (const rune of text) {
    const code = rune.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** A regular expression's failure with examples, as the server words it. */
export function regexError(words: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${words} (regex used for validation is '${pattern}')`;
  const quoted = examples.map((example) => `'${example}', `).join(" or ");
  return `${words} (e.g. ${quoted}regex used for validation is '${pattern}')`;
}

function tooLong(value: string, maximum: number, unit = "characters"): string[] {
  return byteLength(value) > maximum ? [`must be no more than ${maximum} ${unit}`] : [];
}

/** RFC 1123 label: names of namespaces, containers, volumes. */
export function dnsLabelErrors(value: string): string[] {
  const errors = tooLong(value, 63);
  if (dnsLabel.test(value)) return errors;
  // A subdomain that is no label differs by its dots only.
  if (dnsSubdomain.test(value)) return [...errors, "must not contain dots"];
  return [...errors, regexError(DNS_LABEL_WORDS, DNS_LABEL, "my-name", "123-abc")];
}

/** RFC 1123 subdomain: names of most objects. */
export function dnsSubdomainErrors(value: string): string[] {
  return subdomainErrors(value, "characters");
}

function subdomainErrors(value: string, unit: string): string[] {
  const errors = tooLong(value, 253, unit);
  if (!dnsSubdomain.test(value)) errors.push(regexError(DNS_SUBDOMAIN_WORDS, DNS_SUBDOMAIN, "example.com"));
  return errors;
}

/** RFC 1035 label: names of Services, plural and kind names of custom resources. */
export function dns1035LabelErrors(value: string): string[] {
  const errors = tooLong(value, 63);
  if (!dns1035Label.test(value)) {
    errors.push(regexError(DNS_1035_WORDS, DNS_1035_LABEL, "my-name", "abc-123"));
  }
  return errors;
}

/** A label key: an optional DNS prefix, `/`, and a name; also annotation keys (in lower case) and finalizers. */
export function qualifiedNameErrors(value: string): string[] {
  const parts = value.split("/");
  if (parts.length > 2) {
    const words = regexError(LABEL_KEY_WORDS, LABEL_KEY, "MyName", "my.name", "123-abc");
    return [
      `a valid label key ${words} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const errors: string[] = [];
  const name = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix === "") errors.push("prefix part must be non-empty");
  else if (prefix !== undefined) {
    errors.push(...subdomainErrors(prefix, "bytes").map((error) => `prefix part ${error}`));
  }
  if (name === "") errors.push("name part must be non-empty");
  else errors.push(...tooLong(name, 63, "bytes").map((error) => `name part ${error}`));
  if (!labelKey.test(name)) {
    errors.push(`name part ${regexError(LABEL_KEY_WORDS, LABEL_KEY, "MyName", "my.name", "123-abc")}`);
  }
  return errors;
}

/** A label's value; empty is valid. */
export function labelValueErrors(value: string): string[] {
  const errors = tooLong(value, 63, "bytes");
  if (!labelValue.test(value)) {
    errors.push(regexError(LABEL_VALUE_WORDS, LABEL_VALUE, "MyValue", "my_value", "12345"));
  }
  return errors;
}

/** An environment variable's name, by the relaxed rule of Kubernetes 1.34 and later. */
export function envVarNameErrors(value: string): string[] {
  const errors = value === "" ? ["environment variable name must be non-empty"] : [];
  if (!/^[ -<>-~]*$/.test(value)) errors.push(ENV_NAME_WORDS);
  return errors;
}

/** A key of a ConfigMap or Secret. */
export function configMapKeyErrors(value: string): string[] {
  const errors = tooLong(value, 253);
  if (!configKey.test(value)) {
    const words = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    errors.push(regexError(words, CONFIG_KEY, "key.name", "KEY_NAME", "key-name"));
  }
  if (value === ".") errors.push("must not be '.'");
  else if (value === "..") errors.push("must not be '..'");
  else if (value.startsWith("..")) errors.push("must not start with '..'");
  return errors;
}

/** A finalizer's name in metadata. */
export function finalizerErrors(value: string): string[] {
  return qualifiedNameErrors(value);
}

const STANDARD_FINALIZERS = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

/** What built-in kinds ask of a finalizer besides `finalizerErrors`: a domain, unless it is Kubernetes' own. */
export function builtinFinalizerErrors(value: string): string[] {
  if (value.includes("/") || STANDARD_FINALIZERS.has(value)) return [];
  return ["name is neither a standard finalizer name nor is it fully qualified"];
}

/** A name that need only be one segment of a URL path: RBAC roles and bindings. */
export function pathSegmentErrors(value: string): string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}

/** A container port's name (IANA service name). */
export function portNameErrors(value: string): string[] {
  const errors = tooLong(value, 15);
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(value)) errors.push("must contain at least one letter (a-z)");
  if (value.includes("--")) errors.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) errors.push("must not begin or end with a hyphen");
  return errors;
}

/** A `generateName` as a name rule is to see it: a trailing dash will be followed by the generated part. */
export function maskTrailingDash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith("-") ? `${prefix.slice(0, -2)}a` : prefix;
}
