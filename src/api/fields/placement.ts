import { dnsSubdomain } from "../rules/names.ts";
import { annotationKeys, labelKeys, labelValue, ownLabels } from "../rules/pod.ts";
import { choice, integer, list, map, object, text } from "../schema/fields.ts";
import type { Rule } from "../schema/rule.ts";

/**
 * Where a run's pods go and how they are seen, as in a pod. Source: k8s.io/api core/v1. Selectors have no rules here:
 * there are many of them, and the API server checks each when the Job is created (PodRefused).
 */

const MAX_TERMS = 16;

const labels = (description: string, rules: readonly Rule[] = []) =>
  map(text({ description: "Value of the label.", maxLength: 63, rules: [labelValue] }), {
    description,
    maxProperties: 32,
    rules: [labelKeys, ...rules],
  });

const values = list(text({ description: "A value.", maxLength: 63 }), {
  description: "Values to compare with.",
  maxItems: 32,
  type: "atomic",
});

const key = (description: string) => text({ description, minLength: 1, maxLength: 317 });

const selectorRequirement = object(
  {
    key: key("Key of the label."),
    operator: choice(["In", "NotIn", "Exists", "DoesNotExist"], "How the value compares."),
    values: values.optional(),
  },
  { description: "A condition on a label." },
);

const labelSelector = object(
  {
    matchLabels: map(text({ description: "Value of the label.", maxLength: 63 }), {
      description: "Labels that match.",
      maxProperties: 32,
    }).optional(),
    matchExpressions: list(selectorRequirement, {
      description: "Conditions that hold.",
      maxItems: MAX_TERMS,
      type: "atomic",
    }).optional(),
  },
  { description: "Which pods count.", mapType: "atomic" },
);

const nodeRequirement = object(
  {
    key: key("Key of the node's label or field."),
    operator: choice(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], "How the value compares."),
    values: values.optional(),
  },
  { description: "A condition on a node." },
);

const requirements = (description: string) =>
  list(nodeRequirement, { description, maxItems: MAX_TERMS, type: "atomic" });

const nodeTerm = object(
  {
    matchExpressions: requirements("Conditions on the node's labels.").optional(),
    matchFields: requirements("Conditions on the node's fields.").optional(),
  },
  { description: "Conditions on a node, all of which hold.", mapType: "atomic" },
);

const weight = integer({
  description: "How much it counts, from 1 to 100.",
  minimum: 1,
  maximum: 100,
  format: "int32",
});

const nodeAffinity = object(
  {
    requiredDuringSchedulingIgnoredDuringExecution: object(
      {
        nodeSelectorTerms: list(nodeTerm, {
          description: "Conditions, one of which holds.",
          minItems: 1,
          maxItems: MAX_TERMS,
          type: "atomic",
        }),
      },
      { description: "What the node must be.", mapType: "atomic" },
    ).optional(),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      object({ weight, preference: nodeTerm }, { description: "A preference." }),
      { description: "What the node had better be.", maxItems: MAX_TERMS, type: "atomic" },
    ).optional(),
  },
  { description: "Nodes that the pods go to." },
);

const podTerm = object(
  {
    labelSelector: labelSelector.optional(),
    namespaces: list(text({ description: "A namespace.", minLength: 1, maxLength: 63 }), {
      description: "Namespaces of the pods that count. Default: the run's.",
      maxItems: MAX_TERMS,
      type: "atomic",
    }).optional(),
    namespaceSelector: labelSelector.describe("Which namespaces' pods count.").optional(),
    topologyKey: key("Label of the nodes that are one place if its value is the same."),
  },
  { description: "Pods, and what counts as the same place." },
);

function podAffinity(description: string) {
  return object(
    {
      requiredDuringSchedulingIgnoredDuringExecution: list(podTerm, {
        description: "Pods that the place must, or must not, have.",
        maxItems: MAX_TERMS,
        type: "atomic",
      }).optional(),
      preferredDuringSchedulingIgnoredDuringExecution: list(
        object({ weight, podAffinityTerm: podTerm }, { description: "A preference." }),
        {
          description: "Pods that the place had better have, or not have.",
          maxItems: MAX_TERMS,
          type: "atomic",
        },
      ).optional(),
    },
    { description },
  );
}

const affinity = object(
  {
    nodeAffinity: nodeAffinity.optional(),
    podAffinity: podAffinity("Pods that the pods go near to.").optional(),
    podAntiAffinity: podAffinity("Pods that the pods keep away from.").optional(),
  },
  { description: "Where the run's pods are scheduled, as in a pod." },
);

const topologySpreadConstraints = list(
  object(
    {
      maxSkew: integer({
        description: "How many more of the pods one place may have than another.",
        minimum: 1,
        format: "int32",
      }),
      topologyKey: key("Label of the nodes that are one place if its value is the same."),
      whenUnsatisfiable: choice(["DoNotSchedule", "ScheduleAnyway"], "What happens if it cannot be kept."),
      labelSelector: labelSelector.optional(),
      minDomains: integer({ description: "Least number of places.", minimum: 1, format: "int32" }).optional(),
      nodeAffinityPolicy: choice(["Honor", "Ignore"], "Whether only nodes count that fit.").optional(),
      nodeTaintsPolicy: choice(["Honor", "Ignore"], "Whether nodes with taints count.").optional(),
    },
    { description: "How the pods are spread." },
  ),
  {
    description: "How the run's pods are spread over the cluster, as in a pod.",
    maxItems: 8,
    type: "atomic",
  },
);

const podLabels = labels(
  "Labels of the run's pods, beside the operator's own. Those of the AgentConfig and the run are merged by key.",
  [ownLabels],
);

const podAnnotations = map(text({ description: "Value of the annotation.", maxLength: 4096 }), {
  description:
    "Annotations of the run's pods, such as sidecar.istio.io/inject. Those of the AgentConfig and the run are merged by key.",
  maxProperties: 32,
  rules: [annotationKeys],
});

const address = (description: string) =>
  text({ description, minLength: 2, maxLength: 45, pattern: "^[0-9a-fA-F:.]+$" });

const hostName = text({ description: "A host's name.", minLength: 1, maxLength: 253, rules: [dnsSubdomain] });

const hostAliases = list(
  object(
    {
      ip: address("IP address."),
      hostnames: list(hostName, { description: "Names of the host.", maxItems: 32, type: "atomic" }),
    },
    { description: "Names of one address." },
  ),
  {
    description: "Lines of /etc/hosts in the run's pods, as in a pod.",
    maxItems: 32,
    type: "map",
    keys: ["ip"],
  },
);

const dnsPolicy = choice(
  ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
  "Where the run's pods look names up, as in a pod. Default: ClusterFirst.",
);

const dnsConfig = object(
  {
    nameservers: list(address("IP address of a name server."), {
      description: "Name servers.",
      maxItems: 3,
      type: "atomic",
    }).optional(),
    searches: list(text({ description: "A domain.", minLength: 1, maxLength: 253 }), {
      description: "Domains that names are looked up in.",
      maxItems: 32,
      type: "atomic",
    }).optional(),
    options: list(
      object(
        {
          name: text({ description: "Name of the option.", minLength: 1, maxLength: 63 }),
          value: text({ description: "Its value.", maxLength: 63 }).optional(),
        },
        { description: "An option of the resolver." },
      ),
      { description: "Options of the resolver.", maxItems: 16, type: "atomic" },
    ).optional(),
  },
  { description: "Name servers, search domains and options of the run's pods, as in a pod." },
);

/** In a run. */
export const placementFields = {
  affinity: affinity.optional(),
  topologySpreadConstraints: topologySpreadConstraints.optional(),
  podLabels: podLabels.optional(),
  podAnnotations: podAnnotations.optional(),
  hostAliases: hostAliases.optional(),
  dnsPolicy: dnsPolicy.optional(),
  dnsConfig: dnsConfig.optional(),
};

/** The same as defaults of a namespace. */
export const placementDefaults = {
  podLabels: podLabels.optional(),
  podAnnotations: podAnnotations.optional(),
  defaultAffinity: affinity.optional(),
  defaultTopologySpreadConstraints: topologySpreadConstraints.optional(),
  defaultHostAliases: hostAliases.optional(),
  defaultDNSPolicy: dnsPolicy.optional(),
  defaultDNSConfig: dnsConfig.optional(),
};
