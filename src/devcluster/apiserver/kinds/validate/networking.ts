import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../../kube/json.ts";
import { cidrContains, isCidr, isIpAddress } from "../../../../kube/ip-address.ts";
import { dnsLabelErrors, dnsSubdomainErrors, portNameErrors } from "../../../../kube/names.ts";
import { labelSelector } from "./label-selector.ts";
import { validateLabels } from "./metadata.ts";
import {
  atMostWhole,
  between,
  countOrPercent,
  invalidStruct,
  named,
  oneOf,
  present,
  unlike,
  type Rule,
} from "./rule-table.ts";

/** Rules of Services, NetworkPolicies and PodDisruptionBudgets. Source: kubernetes pkg/apis/{core,networking,policy}/validation. */

function portErrors(value: unknown, at: string): FieldError[] {
  if (typeof value === "string") {
    return portNameErrors(value).map((detail) => field.invalid(at, value, detail));
  }
  return between(1, 65535)(value, at, {});
}

export const SERVICE_RULES: readonly Rule[] = [
  ["spec.ports", portNamesErrors, unlike("name")],
  ["spec.ports[].name", named(dnsLabelErrors)],
  ["spec.ports[].port", between(1, 65535)],
  ["spec.ports[].protocol", oneOf("SCTP", "TCP", "UDP")],
  ["spec.ports[].targetPort", portErrors],
  ["spec.selector", labelsErrors],
  ["spec.sessionAffinity", oneOf("ClientIP", "None")],
  ["spec.type", oneOf("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")],
  ["spec.clusterIP", clusterIpErrors],
  ["spec.externalName", externalNameErrors],
  ["spec.internalTrafficPolicy", oneOf("Cluster", "Local")],
  ["spec.ipFamilyPolicy", oneOf("PreferDualStack", "RequireDualStack", "SingleStack")],
];

function labelsErrors(value: unknown, at: string): FieldError[] {
  return validateLabels(value as Record<string, string> | undefined, at);
}

function portNamesErrors(_value: unknown, at: string, spec: MutableObject): FieldError[] {
  const ports = objectsAt(spec, "ports");
  if (ports.length === 0) {
    const isBare = spec["type"] === "ExternalName" || spec["clusterIP"] === "None";
    return isBare ? [] : [field.required(at)];
  }
  if (ports.length === 1) return [];
  return ports.flatMap((port, index) =>
    textAt(port, "name") === "" ? [field.required(`${at}[${index}].name`)] : [],
  );
}

function clusterIpErrors(value: unknown): FieldError[] {
  if (value === undefined || value === "" || value === "None" || isIpAddress(String(value))) return [];
  const words = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
  return [field.invalid("spec.clusterIPs[0]", value, words)];
}

function externalNameErrors(value: unknown, at: string, spec: MutableObject): FieldError[] {
  if (spec["type"] !== "ExternalName") return [];
  return value === undefined || value === ""
    ? [field.required(at)]
    : named(dnsSubdomainErrors)(value, at, spec);
}

const PORT: readonly Rule[] = [
  ["protocol", oneOf("TCP", "UDP", "SCTP")],
  ["port", portErrors],
  ["endPort", endPortErrors],
];

function endPortErrors(value: unknown, at: string, rule: MutableObject): FieldError[] {
  if (typeof value !== "number") return [];
  const { port } = rule;
  if (typeof port !== "number") {
    const words = port === undefined ? "not specified" : "non-numeric";
    return [field.invalid(at, value, `may not be specified when \`port\` is ${words}`)];
  }
  if (value < port) return [field.invalid(at, port, "must be greater than or equal to `port`")];
  return between(1, 65535)(value, at, rule);
}

function peerErrors(value: unknown, at: string): FieldError[] {
  const peer = value as MutableObject;
  const named = ["ipBlock", "namespaceSelector", "podSelector"].filter((name) => name in peer);
  if (named.length === 0) return [field.required(at, "must specify a peer")];
  const errors = ["podSelector", "namespaceSelector"].flatMap((name) =>
    labelSelector(peer[name], `${at}.${name}`, peer),
  );
  if (!named.includes("ipBlock")) return errors;
  if (named.length > 1) {
    return [...errors, field.forbidden(at, "may not specify both ipBlock and another peer")];
  }
  return [...errors, ...blockErrors(objectAt(peer, "ipBlock"), `${at}.ipBlock`)];
}

const CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

function blockErrors(block: MutableObject, at: string): FieldError[] {
  const cidr = textAt(block, "cidr");
  if (cidr === "") return [field.required(`${at}.cidr`)];
  if (!isCidr(cidr)) return [field.invalid(`${at}.cidr`, cidr, CIDR)];
  const except: unknown[] = Array.isArray(block["except"]) ? block["except"] : [];
  return except.flatMap((part, index) => {
    const here = `${at}.except[${index}]`;
    const text = String(part);
    if (!isCidr(text)) return [field.invalid(here, text, CIDR)];
    return cidrContains(cidr, text) ? [] : [field.invalid(here, text, "must be a strict subset of `cidr`")];
  });
}

const portRules = (direction: string): Rule[] =>
  PORT.map(([path, ...checks]): Rule => [`spec.${direction}[].ports[].${path}`, ...checks]);

export const NETWORK_POLICY_RULES: readonly Rule[] = [
  ["spec.podSelector", labelSelector],
  ...portRules("ingress"),
  ["spec.ingress[].from[]", peerErrors],
  ...portRules("egress"),
  ["spec.egress[].to[]", peerErrors],
  ["spec.policyTypes", tooManyTypes],
  ["spec.policyTypes[]", oneOf("Egress", "Ingress")],
];

function tooManyTypes(value: unknown, at: string): FieldError[] {
  if (!Array.isArray(value) || value.length <= 2) return [];
  return [field.invalid(at, value, "may not specify more than two policyTypes")];
}

export const DISRUPTION_BUDGET_RULES: readonly Rule[] = [
  ["spec", budgetErrors],
  ["spec.minAvailable", countOrPercent, atMostWhole],
  ["spec.maxUnavailable", countOrPercent, atMostWhole],
  ["spec.selector", labelSelector],
  ["spec.unhealthyPodEvictionPolicy", oneOf("AlwaysAllow", "IfHealthyBudget")],
];

function budgetErrors(value: unknown, at: string): FieldError[] {
  const spec = value as MutableObject;
  if (spec["minAvailable"] === undefined || spec["maxUnavailable"] === undefined) return [];
  const shown = {
    MinAvailable: spec["minAvailable"],
    Selector: spec["selector"] ?? null,
    MaxUnavailable: spec["maxUnavailable"],
    UnhealthyPodEvictionPolicy: spec["unhealthyPodEvictionPolicy"] ?? null,
  };
  return [invalidStruct(at, shown, "minAvailable and maxUnavailable cannot be both set")];
}

export const RUNTIME_CLASS_RULES: readonly Rule[] = [
  ["handler", present(), named(dnsLabelErrors)],
  ["scheduling.nodeSelector", labelsErrors],
];
