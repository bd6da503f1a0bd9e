import packageInfo from "../../package.json" with { type: "json" };
import type { Template } from "./chart-template.ts";

const CONSOLE = ".Values.console.enabled";
const CONSOLE_FLAGS = `            - --log-level={{ .Values.logLevel }}
            {{- range .Values.console.origins }}
            - --origin={{ . }}
            {{- end }}
            {{- with .Values.gitImage }}
            - --image={{ . }}
            {{- end }}
            {{- with .Values.console.extraArgs }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
`;
const SIDECARS = `        {{- with .Values.console.sidecars }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
`;

/** The templates of the console for users with tokens of their own. */
export function consoleTemplates(
  image: string,
  scheduling: string,
  resources: string,
): Record<string, Template> {
  return {
    "console-service-account": { from: "config/components/console/service-account.yaml", when: CONSOLE },
    "console-deployment": {
      from: "config/components/console/deployment.yaml",
      changes: [
        ["  replicas: 1\n", "  replicas: {{ .Values.console.replicas }}\n"],
        [`agent-operator:${packageInfo.version}\n`, `${image}\n`],
        ["imagePullPolicy: IfNotPresent\n", "imagePullPolicy: {{ .Values.image.pullPolicy }}\n"],
        ["            - --log-level=info\n", CONSOLE_FLAGS],
        [
          "      serviceAccountName: agent-operator-console\n",
          scheduling.replace(
            "serviceAccountName: agent-operator",
            "serviceAccountName: agent-operator-console",
          ),
        ],
        [
          / {10}resources:\n(?: {12}.*\n)+/,
          resources.replace(".Values.resources", ".Values.console.resources"),
        ],
        ["      volumes:\n", `${SIDECARS}      volumes:\n`],
      ],
      when: CONSOLE,
    },
  };
}
