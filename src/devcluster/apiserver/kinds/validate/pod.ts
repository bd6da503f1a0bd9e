import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, objectAt, textAt, jsonEqual } from "../../../../kube/json.ts";
import { isIpAddress } from "../../../../kube/ip-address.ts";
import { dnsLabelErrors, dnsSubdomainErrors, regexError } from "../../../../kube/names.ts";
import { validateContainers } from "./container.ts";
import { validateSharedMetadata } from "./metadata.ts";
import { PLACEMENT } from "./placement.ts";
import { between, checkRules, named, oneOf, present, type Rule } from "./rule-table.ts";
import { validatePodSecurity } from "./security-context.ts";
import { validateVolumes } from "./volume.ts";

/** Validation of pods and pod templates. Source: kubernetes pkg/apis/core/validation ValidatePodSpec. */

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/** Everything wrong with a Pod. */
export function validatePod(pod: MutableObject): FieldError[] {
  return validatePodSpec(objectAt(pod, "spec"), "spec");
}

/** Everything wrong with a new Pod. */
export function validateNewPod(pod: MutableObject): FieldError[] {
  const added = objectsAt(objectAt(pod, "spec"), "ephemeralContainers");
  if (added.length === 0) return validatePod(pod);
  return [...validatePod(pod), field.forbidden("spec.ephemeralContainers", "cannot be set on create")];
}

/** Everything wrong with a pod template at `path`. */
export function validatePodTemplate(template: MutableObject, path: string): FieldError[] {
  const metadata = validateSharedMetadata(metaOf(template)).map((error) => ({
    ...error,
    field: `${path}.${error.field}`.replace(".metadata.", "."),
  }));
  const spec = objectAt(template, "spec");
  const errors = [...metadata, ...validatePodSpec(spec, `${path}.spec`)];
  if (objectsAt(spec, "ephemeralContainers").length === 0) return errors;
  const words = "ephemeral containers not allowed in pod template";
  return [...errors, field.forbidden(`${path}.spec.ephemeralContainers`, words)];
}

/** Everything wrong with a pod's spec at `path`, in the server's order. */
export function validatePodSpec(spec: MutableObject, path: string): FieldError[] {
  const { names, errors } = validateVolumes(objectsAt(spec, "volumes"), `${path}.volumes`);
  const containers = objectsAt(spec, "containers");
  if (containers.length === 0) errors.push(field.required(`${path}.containers`));
  errors.push(...validateContainers(spec, path, names));
  const policy = textAt(spec, "restartPolicy");
  if (!RESTART_POLICIES.includes(policy)) {
    errors.push(field.notSupported(`${path}.restartPolicy`, policy, RESTART_POLICIES));
  }
  const dns = textAt(spec, "dnsPolicy");
  if (!DNS_POLICIES.includes(dns)) errors.push(field.notSupported(`${path}.dnsPolicy`, dns, DNS_POLICIES));
  errors.push(...validateDns(spec, path), ...checkRules(TIMES, spec, path));
  errors.push(...checkRules(PLACEMENT, spec, path), ...checkRules(REFERENCES, spec, path));
  errors.push(...validatePodSecurity(spec, path));
  return errors;
}

const TIMES: readonly Rule[] = [["activeDeadlineSeconds", between(1, 2 ** 31 - 1)]];

const REFERENCES: readonly Rule[] = [
  ["serviceAccountName", named(dnsSubdomainErrors)],
  ["nodeName", named(dnsSubdomainErrors)],
  ["priorityClassName", named(dnsSubdomainErrors)],
  ["runtimeClassName", named(dnsSubdomainErrors)],
  ["hostname", named(dnsLabelErrors)],
  ["subdomain", named(dnsLabelErrors)],
  ["hostnameOverride", named(dnsSubdomainErrors)],
  ["hostAliases[].ip", addressErrors],
  ["hostAliases[].hostnames[]", named(dnsSubdomainErrors)],
  ["os", (os, at) => (os === undefined ? [] : present()(objectAt({ os }, "os")["name"], `${at}.name`, {}))],
  ["os", (os, at, spec) => oneOf("linux", "windows")(objectAt({ os }, "os")["name"], at, spec)],
  ["preemptionPolicy", oneOf("Never", "PreemptLowerPriority")],
];

function addressErrors(value: unknown, at: string): FieldError[] {
  if (isIpAddress(String(value))) return [];
  return [field.invalid(at, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
}

const SEARCH = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";

function searchErrors(value: unknown, at: string): FieldError[] {
  const domain = String(value).replace(/\.$/, "");
  if (domain === "" || new RegExp(`^${SEARCH}$`).test(domain)) return [];
  const words =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
  return [field.invalid(at, domain, regexError(words, SEARCH, "example.com"))];
}

const DNS: readonly Rule[] = [
  ["nameservers", atMostServers],
  ["nameservers[]", addressErrors],
  ["searches[]", searchErrors],
  [
    "options[]",
    (option, at) => present("must not be empty")(textAt(option as MutableObject, "name"), at, {}),
  ],
];

function atMostServers(value: unknown, at: string): FieldError[] {
  if (!Array.isArray(value) || value.length <= 3) return [];
  return [field.invalid(at, value, "must not have more than 3 nameservers")];
}

function validateDns(spec: MutableObject, path: string): FieldError[] {
  const policy = textAt(spec, "dnsPolicy");
  const config = objectAt(spec, "dnsConfig");
  const errors = checkRules(DNS, config, `${path}.dnsConfig`);
  if (policy !== "None") return errors;
  const words = "must provide `dnsConfig` when `dnsPolicy` is None";
  if (spec["dnsConfig"] === undefined) return [field.required(`${path}.dnsConfig`, words)];
  const servers = config["nameservers"];
  if (Array.isArray(servers) && servers.length > 0) return errors;
  const none = "must provide at least one DNS nameserver when `dnsPolicy` is None";
  return [...errors, field.required(`${path}.dnsConfig.nameservers`, none)];
}

/** What may be changed of a pod: images, its deadline, and more tolerations. */
export function validatePodUpdate(pod: MutableObject, old: MutableObject): FieldError[] {
  const errors = validatePod(pod);
  if (jsonEqual(unchangeable(pod), unchangeable(old)) && keepsTolerations(pod, old)) return errors;
  errors.push(
    field.forbidden(
      "spec",
      "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    ),
  );
  return errors;
}

function unchangeable(pod: MutableObject): MutableObject {
  const { tolerations: _tolerations, activeDeadlineSeconds: _deadline, ...spec } = objectAt(pod, "spec");
  const withoutImages = (name: string): MutableObject[] =>
    objectsAt(spec, name).map(({ image: _image, ...container }) => container);
  return {
    ...spec,
    containers: withoutImages("containers"),
    initContainers: withoutImages("initContainers"),
  };
}

function keepsTolerations(pod: MutableObject, old: MutableObject): boolean {
  const now = objectsAt(objectAt(pod, "spec"), "tolerations");
  return objectsAt(objectAt(old, "spec"), "tolerations").every((toleration) =>
    now.some((other) => jsonEqual(other, toleration)),
  );
}
