import packageInfo from "../../package.json" with { type: "json" };
import type { Template } from "./chart-template.ts";

const EVENTS = ".Values.events.enabled";
/** The namespaces whose triggers are served. */
export const EVENTS_SERVED = "(.Values.events.namespaces | default (list .Release.Namespace))";
const EVENTS_NAMESPACES = `            {{- if not .Values.events.allNamespaces }}
            {{- range ${EVENTS_SERVED} }}
            - --namespace={{ . }}
            {{- end }}
            {{- end }}
`;
const EVENTS_FLAGS = `            - --log-level={{ .Values.logLevel }}
            {{- with .Values.events.extraArgs }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
`;

/** The templates of the events component, but for its Role. */
export function eventsTemplates(
  image: string,
  scheduling: string,
  resources: string,
): Record<string, Template> {
  return {
    ...Object.fromEntries(
      [
        "service-account",
        "service",
        "pod-disruption-budget",
        "leader-election-role",
        "leader-election-role-binding",
      ].map((name) => [`events-${name}`, { from: `config/components/events/${name}.yaml`, when: EVENTS }]),
    ),
    ...Object.fromEntries(
      ["cluster-role", "cluster-role-binding"].map((name) => [
        `events-${name}`,
        {
          from: `config/components/events-all-namespaces/${name}.yaml`,
          when: "and .Values.events.enabled .Values.events.allNamespaces",
        },
      ]),
    ),
    "events-deployment": {
      from: "config/components/events/deployment.yaml",
      changes: [
        ["  replicas: 2\n", "  replicas: {{ .Values.events.replicas }}\n"],
        [`agent-operator:${packageInfo.version}\n`, `${image}\n`],
        ["imagePullPolicy: IfNotPresent\n", "imagePullPolicy: {{ .Values.image.pullPolicy }}\n"],
        ["            - --namespace=$(POD_NAMESPACE)\n", EVENTS_NAMESPACES],
        ["            - --log-level=info\n", EVENTS_FLAGS],
        [
          "      serviceAccountName: agent-operator-events\n",
          scheduling.replace(
            "serviceAccountName: agent-operator",
            "serviceAccountName: agent-operator-events",
          ),
        ],
        [
          / {10}resources:\n(?: {12}.*\n)+/,
          resources.replace(".Values.resources", ".Values.events.resources"),
        ],
      ],
      when: EVENTS,
    },
  };
}
