import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import packageInfo from "../../package.json" with { type: "json" };
import { customResourceDefinitions, KINDS } from "../../src/api/kinds.ts";
import { imagesIn } from "../../src/operator/images.ts";
import { chartReadme } from "./chart-readme.ts";
import { consoleTemplates } from "./chart-console.ts";
import { EVENTS_SERVED, eventsTemplates } from "./chart-events.ts";
import type { Change, Template } from "./chart-template.ts";
import { crds } from "./crds.ts";
import { CHART_DASHBOARDS } from "./dashboards.ts";
import { type Generator, NOTICE } from "./generator.ts";
import { roles } from "./roles.ts";
import { SELECTABLE } from "./tools.ts";

const CHART = "charts/agent-operator";
const NAMESPACE = "agent-operator-system";

const IMAGE = `{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}`;

/** Options of the container, in the order of the flags; one line of YAML each. */
const FLAGS = `            - --log-level={{ .Values.logLevel }}
            {{- with .Values.gitImage }}
            - --git-image={{ . }}
            {{- end }}
            {{- with .Values.agentImage }}
            - --agent-image={{ . }}
            {{- end }}
            {{- if or .Values.image.tag (ne .Values.image.repository "agent-operator") }}
            - --operator-image=${IMAGE}
            {{- end }}
            {{- range .Values.namespaces }}
            - --namespace={{ . }}
            {{- end }}
            {{- if .Values.webhooks.enabled }}
            - --webhook-bind-address=:9443
            {{- end }}
            {{- with .Values.extraArgs }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
`;

const SCHEDULING = `      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      serviceAccountName: agent-operator
`;

const PORTS = `            - name: metrics
              containerPort: 8080
            {{- if .Values.webhooks.enabled }}
            - name: webhook
              containerPort: 9443
            {{- end }}
`;

const RESOURCES = `          resources:
            {{- toYaml .Values.resources | nindent 12 }}
`;

const LIMITS = `
data:
  {{- toYaml .Values.policies.limits | nindent 2 }}
`;

/** The files of the dashboards hold their own braces, so the template reads them. */
const DASHBOARDS = `{{- if .Values.dashboards.enabled }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: agent-operator-dashboards
  namespace: {{ .Release.Namespace }}
  labels:
    app.kubernetes.io/name: agent-operator
    {{- toYaml .Values.dashboards.labels | nindent 4 }}
data:
  {{- (.Files.Glob "${CHART_DASHBOARDS}/*.json").AsConfig | nindent 2 }}
{{- end }}
`;

const ONE_NAMESPACE = ".Values.namespaces";
const EVERY_NAMESPACE = "not .Values.namespaces";

const TEMPLATES: Readonly<Record<string, Template>> = {
  "service-account": { from: "config/rbac/service-account.yaml" },
  "cluster-role": { from: "config/rbac/role.yaml", when: EVERY_NAMESPACE },
  "cluster-role-binding": { from: "config/rbac/role-binding.yaml", when: EVERY_NAMESPACE },
  "leader-election-role": { from: "config/rbac/leader-election-role.yaml" },
  "leader-election-role-binding": { from: "config/rbac/leader-election-role-binding.yaml" },
  editor: { from: "config/users/editor.yaml", when: ".Values.users.aggregate" },
  viewer: { from: "config/users/viewer.yaml", when: ".Values.users.aggregate" },
  deployment: {
    from: "config/operator/deployment.yaml",
    changes: [
      ["  replicas: 2\n", "  replicas: {{ .Values.replicas }}\n"],
      [`agent-operator:${packageInfo.version}\n`, `${IMAGE}\n`],
      ["imagePullPolicy: IfNotPresent\n", "imagePullPolicy: {{ .Values.image.pullPolicy }}\n"],
      ["            - --log-level=info\n", FLAGS],
      ["      serviceAccountName: agent-operator\n", SCHEDULING],
      ["            - name: metrics\n              containerPort: 8080\n", PORTS],
      [/ {10}resources:\n(?: {12}.*\n)+/, RESOURCES],
    ],
  },
  "metrics-service": { from: "config/operator/metrics-service.yaml" },
  "pod-disruption-budget": {
    from: "config/operator/pod-disruption-budget.yaml",
    when: ".Values.podDisruptionBudget.enabled",
  },
  "network-policy": {
    from: "config/components/network-policy/network-policy.yaml",
    when: ".Values.networkPolicy.enabled",
  },
  "service-monitor": {
    from: "config/components/service-monitor/service-monitor.yaml",
    when: ".Values.serviceMonitor.enabled",
  },
  ...Object.fromEntries(
    ["agentruns", "agentconfigs", "agentworkspaces"].map((name) => [
      `policy-${name}`,
      { from: `config/components/policies/${name}.yaml`, when: ".Values.policies.enabled" },
    ]),
  ),
  ...eventsTemplates(IMAGE, SCHEDULING, RESOURCES),
  ...consoleTemplates(IMAGE, SCHEDULING, RESOURCES),
  "policy-limits": {
    from: "config/components/policies/limits.yaml",
    changes: [[/\ndata:\n(?: {2}.*\n)+/, LIMITS]],
    when: ".Values.policies.enabled",
  },
  ...Object.fromEntries(
    ["configuration", "service", "cluster-role", "cluster-role-binding", "role", "role-binding"].map(
      (name) => [
        `webhook-${name}`,
        { from: `config/components/webhooks/${name}.yaml`, when: ".Values.webhooks.enabled" },
      ],
    ),
  ),
};

/** A Role and its binding, once for each namespace that is watched or served. */
const NAMESPACED = ["role", "role-binding"].flatMap((name) => [
  {
    name,
    from: `config/components/namespaced/${name}.yaml`,
    when: ONE_NAMESPACE,
    each: ".Values.namespaces",
  },
  {
    name: `events-${name}`,
    from: `config/components/events/${name}.yaml`,
    when: "and .Values.events.enabled (not .Values.events.allNamespaces)",
    each: EVENTS_SERVED,
  },
]);

/** `helm install agent-operator charts/agent-operator`: made of config/, so that the two cannot differ. */
export const chart: Generator = { files, folder: `${CHART}/templates` };

async function files(root: string): Promise<Map<string, string>> {
  // Those as they should be: the ones on the disk may be stale themselves.
  const definitions = await crds.files(root);
  const generated = new Map([...definitions, ...(await roles.files(root))]);
  const read = async (path: string): Promise<string> =>
    generated.get(path) ?? readFile(join(root, path), "utf8");
  const values = await read(`${CHART}/values.yaml`);
  const made = new Map([
    [`${CHART}/Chart.yaml`, chartYaml(await read(`${CHART}/icon.svg`))],
    [`${CHART}/README.md`, chartReadme(packageInfo.description, values)],
  ]);
  const put = (name: string, body: string): void =>
    void made.set(`${CHART}/templates/${name}.yaml`, `{{- /* ${NOTICE} */}}\n${body}`);
  for (const [name, template] of Object.entries(TEMPLATES)) {
    const body = open(template.from, await read(template.from), template.changes ?? []);
    put(name, template.when === undefined ? body : `{{- if ${template.when} }}\n${body}{{- end }}\n`);
  }
  for (const { name, from, when, each } of NAMESPACED) {
    const body = forEachNamespace(withoutNotice(await read(from)), each);
    put(name, `{{- if ${when} }}\n${body}{{- end }}\n`);
  }
  for (const path of [...definitions.keys()].filter((each) => !each.endsWith("/kustomization.yaml"))) {
    const name = /([^/_]+)\.yaml$/.exec(path)?.[1];
    const body = kept(open(path, await read(path), selectableIn(path)));
    put(`crd-${name}`, `{{- if .Values.crds.install }}\n${body}{{- end }}\n`);
  }
  put("dashboards", DASHBOARDS);
  return made.set(`${CHART}/templates/NOTES.txt`, NOTES);
}

/** With the release's namespace and the chart's values in their places. */
function open(path: string, text: string, changes: readonly Change[]): string {
  const body = withoutNotice(text);
  // Text for people may hold braces, which a template would take for its own.
  if (body.includes("{{")) throw new Error(`${path} holds {{, which a chart's template cannot`);
  const inRelease = body.replaceAll(`namespace: ${NAMESPACE}`, "namespace: {{ $.Release.Namespace }}");
  return changes.reduce((before, [from, to]) => {
    const after = before.replace(from, () => to);
    if (after === before) throw new Error(`${path} has no ${String(from)} for the chart to open`);
    return after;
  }, inRelease);
}

/** The object itself is in the watched namespace, the ServiceAccount in the release's. */
function forEachNamespace(text: string, namespaces: string): string {
  const [metadata = "", ...subjects] = text.split(`namespace: ${NAMESPACE}`);
  const body = [metadata, subjects.join("namespace: {{ $.Release.Namespace }}")].join("namespace: {{ . }}");
  return `{{- range ${namespaces} }}\n---\n${body}{{- end }}\n`;
}

/** What a cluster of Kubernetes 1.31 or newer can select objects of the kind by. */
function selectableIn(path: string): readonly Change[] {
  const kind = KINDS.find(({ plural }) => path.endsWith(`_${plural}.yaml`))?.kind;
  const fields = SELECTABLE[kind ?? ""];
  if (fields === undefined) return [];
  const lines = fields.map((field) => `        - jsonPath: ${field}\n`).join("");
  const before = "      subresources:\n";
  const when = '      {{- if semverCompare ">=1.31-0" .Capabilities.KubeVersion.Version }}\n';
  return [[before, `${when}      selectableFields:\n${lines}      {{- end }}\n${before}`]];
}

/** Uninstalling the chart removes no AgentRun: `helm.sh/resource-policy: keep`. */
function kept(text: string): string {
  const keep = '    "helm.sh/resource-policy": keep\n';
  return text.includes("\n  annotations:\n")
    ? text.replace("\n  annotations:\n", `\n  annotations:\n${keep}`)
    : text.replace("\nmetadata:\n", `\nmetadata:\n  annotations:\n${keep}`);
}

function withoutNotice(text: string): string {
  return text.replace(`# ${NOTICE}\n`, "");
}

function chartYaml(icon: string): string {
  const { version, description, keywords, license } = packageInfo;
  const fields = {
    apiVersion: "v2",
    name: "agent-operator",
    description,
    type: "application",
    version,
    appVersion: version,
    kubeVersion: ">=1.28.0-0",
    keywords,
    icon: `data:image/svg+xml;base64,${Buffer.from(icon).toString("base64")}`,
    annotations: {
      "artifacthub.io/category": "ai-machine-learning",
      "artifacthub.io/license": license,
      "artifacthub.io/operator": "true",
      "artifacthub.io/operatorCapabilities": "Seamless Upgrades",
      "artifacthub.io/crds": stringify(definitionsForPeople(), { lineWidth: 0 }),
      "artifacthub.io/images": stringify(
        Object.entries(imagesIn()).map(([name, image]) => ({ name, image })),
      ),
    },
  };
  return `# ${NOTICE}\n${stringify(fields, { lineWidth: 0 })}`;
}

function definitionsForPeople(): object[] {
  return customResourceDefinitions().map(({ metadata, spec }) => ({
    kind: spec.names.kind,
    version: spec.versions[0]?.name,
    name: metadata.name,
    displayName: spec.names.kind,
    description: spec.versions[0]?.schema.openAPIV3Schema.description,
  }));
}

const NOTES = `The operator is being started in {{ .Release.Namespace }}:

  kubectl -n {{ .Release.Namespace }} rollout status deployment/agent-operator
{{- if .Values.crds.install }}

The CRDs stay when this release is uninstalled, and every AgentRun with them. To remove them too:

  kubectl delete crd,clusterrole,clusterrolebinding -l app.kubernetes.io/name=agent-operator
{{- end }}
`;
