import * as field from "../../../../kube/field-errors.ts";
import { isCidr } from "../../../../kube/ip-address.ts";
import { dnsLabelErrors, portNameErrors } from "../../../../kube/names.ts";
import { labelSelector } from "./label-selector.ts";
import { validateLabels } from "./metadata.ts";
import { between, named, oneOf, present, type Check, type Rule } from "./rule-table.ts";

/**
 * Of kinds that are stored here and from which nothing follows: what a manifest of the operator's own could get
 * wrong. Source: kubernetes pkg/apis/{core,networking,policy,node}/validation.
 */

const PORT = between(1, 65535);

const portErrors: Check = (value, at) =>
  typeof value === "string" ? named(portNameErrors)(value, at, {}) : PORT(value, at, {});

const labels: Check = (value, at) => validateLabels(value as Record<string, string> | undefined, at);

const cidr: Check = (value, at) =>
  value === undefined || isCidr(String(value))
    ? []
    : [field.invalid(at, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")];

export const SERVICE_RULES: readonly Rule[] = [
  ["spec.ports[].name", named(dnsLabelErrors)],
  ["spec.ports[].port", PORT],
  ["spec.ports[].protocol", oneOf("SCTP", "TCP", "UDP")],
  ["spec.ports[].targetPort", portErrors],
  ["spec.selector", labels],
  ["spec.type", oneOf("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")],
];

const flow = (ports: string, peers: string): Rule[] => [
  [`spec.${ports}[].protocol`, oneOf("TCP", "UDP", "SCTP")],
  [`spec.${ports}[].port`, portErrors],
  [`spec.${peers}[].podSelector`, labelSelector],
  [`spec.${peers}[].namespaceSelector`, labelSelector],
  [`spec.${peers}[].ipBlock.cidr`, cidr],
];

export const NETWORK_POLICY_RULES: readonly Rule[] = [
  ["spec.podSelector", labelSelector],
  ...flow("ingress[].ports", "ingress[].from"),
  ...flow("egress[].ports", "egress[].to"),
  ["spec.policyTypes[]", oneOf("Egress", "Ingress")],
];

export const DISRUPTION_BUDGET_RULES: readonly Rule[] = [["spec.selector", labelSelector]];

export const RUNTIME_CLASS_RULES: readonly Rule[] = [["handler", present(), named(dnsLabelErrors)]];
