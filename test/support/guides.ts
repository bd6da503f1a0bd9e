/** What a page takes as there, and how it is followed. */
export interface Guide {
  /** From the root of the project. */
  path: string;
  /** Whether the operator runs from the start; a page about installing begins without it. */
  operator: boolean;
  /** What the reader has made by the names that the page uses. */
  given?: readonly string[];
  /** The file that the page's own commands take an object from, by the object's name. */
  files?: Readonly<Record<string, string>>;
  /** A part of an object is checked in this kind. Default: AgentRun. */
  partsOf?: Readonly<Record<string, "AgentRun" | "AgentWorkspace" | "AgentTrigger">>;
}

const token = (name: string, key = "api-key"): string =>
  `kubectl create secret generic ${name} --from-literal=${key}=any`;

const anthropic = {
  apiVersion: "agent.xonovex.com/v1alpha1",
  kind: "AgentProvider",
  metadata: { name: "anthropic" },
  spec: { agentTypes: ["claude"], authTokenSecretRef: { name: "anthropic", key: "api-key" } },
};

const provider = (object: object): string => `kubectl apply -f - <<'END'\n${JSON.stringify(object)}\nEND`;

export const GUIDES: readonly Guide[] = [
  { path: "README.md", operator: true },
  {
    path: "docs/guide/getting-started.md",
    operator: true,
    files: { anthropic: "provider.yaml", default: "provider.yaml", "fix-auth-bug": "run.yaml" },
  },
  {
    path: "docs/guide/agents.md",
    operator: true,
    given: [
      token("anthropic"),
      token("tracker", "authorization"),
      "kubectl create configmap tasks --from-literal=upgrade-parser=change",
      provider(anthropic),
    ],
  },
  { path: "docs/guide/custom-programs.md", operator: true },
  {
    path: "docs/guide/providers.md",
    operator: true,
    given: ["litellm", "openai", "google", "openrouter", "local-model"].map((name) => token(name)),
  },
  {
    path: "docs/guide/commands.md",
    operator: true,
    given: [
      token("anthropic"),
      provider(anthropic),
      "agent-operator run 'change it' --provider anthropic --name fix-auth-bug",
      "cp config/samples/fix-auth-bug.yaml run.yaml",
    ],
  },
  {
    path: "docs/guide/workspaces.md",
    operator: true,
    given: [token("gemini-credentials"), "kubectl apply -f config/samples/agentprovider.yaml"],
    files: { "my-workspace": "workspace.yaml", "agent-1": "workspace.yaml" },
    partsOf: { accessMode: "AgentWorkspace" },
  },
  {
    path: "docs/guide/install.md",
    operator: false,
    given: ["kubectl apply -f config/components/webhooks/configuration.yaml"],
  },
  { path: "docs/guide/dev-cluster.md", operator: true },
  {
    path: "docs/guide/security.md",
    operator: true,
    given: ["kubectl apply -n agent-operator-system -f config/components/policies/limits.yaml"],
  },
  {
    path: "docs/guide/troubleshooting.md",
    operator: true,
    given: [
      token("gemini-credentials"),
      "kubectl apply -f config/samples/agentprovider.yaml -f config/samples/fix-auth-bug.yaml",
      "kubectl wait --for=condition=Succeeded --timeout=30s agentrun/fix-auth-bug",
    ],
  },
  {
    path: "docs/guide/waiting.md",
    operator: true,
    given: [token("gemini-credentials"), "kubectl apply -f config/samples/agentprovider.yaml"],
  },
  {
    path: "docs/guide/starting.md",
    operator: true,
    given: [
      token("gemini-credentials"),
      "kubectl apply -f config/samples/workspace.yaml",
      "kubectl wait --for=condition=Ready --timeout=60s agentworkspace/my-workspace",
    ],
  },
  {
    path: "docs/guide/triggers.md",
    operator: true,
    given: [token("gemini-credentials"), "kubectl apply -f config/samples/agentprovider.yaml"],
    partsOf: { credential: "AgentTrigger", report: "AgentTrigger" },
  },
  {
    path: "docs/guide/notifiers.md",
    operator: true,
  },
  {
    path: "docs/guide/gitops.md",
    operator: true,
    given: ["kubectl create namespace argocd", "kubectl create configmap argocd-cm --namespace argocd"],
  },
  {
    path: "skills/agent-operator/SKILL.md",
    operator: true,
    given: [token("anthropic"), provider(anthropic)],
    files: { "fix-login": "run.yaml" },
  },
  {
    path: "docs/guide/publishing.md",
    operator: true,
    given: ["printf any >app.private-key.pem"],
  },
  { path: "docs/guide/your-repository.md", operator: true },
  { path: "docs/guide/tools.md", operator: true },
  { path: "docs/guide/monitoring.md", operator: true },
  { path: "docs/guide/console.md", operator: true },
  {
    path: "docs/guide/console-in-a-cluster.md",
    operator: true,
    given: ["kubectl create serviceaccount my-account"],
  },
  { path: "CONTRIBUTING.md", operator: true },
];

/** Commands that do not end by themselves, and what they print when the reader has seen enough. */
export const ENDLESS: Readonly<Record<string, RegExp>> = {
  "kubectl get agentruns -w": /fix-auth-bug .*Succeeded/,
};

/** What the reader does or waits for before a command that comes later in his day than on the page. */
export const AFTER: Readonly<Record<string, string>> = {
  "agent-operator render -f nightly.yaml -f provider.yaml":
    "cp config/samples/agentprovider.yaml provider.yaml && kubectl get agentschedule nightly -o yaml >nightly.yaml",
  "agent-operator render -f trigger.yaml -f provider.yaml --event payload.json --header 'x-github-event: issues'":
    "cp config/samples/agentprovider.yaml provider.yaml && kubectl get agenttrigger issue -o yaml >trigger.yaml && " +
    `node -p 'JSON.stringify(require("@octokit/webhooks-examples/api.github.com/index.json")` +
    `.find(({ name }) => name === "issues").examples[0])' >payload.json`,
  "agent-operator artifacts upgrade-parser --patch":
    "kubectl wait --for=condition=Succeeded --timeout=60s agentrun/upgrade-parser",
};

/** Commands and blocks that no test of the guides runs, by how they begin, and why. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "npm ci": "this checkout was made with it",
  "npm test": "it is what runs this test",
  "npm run test:tools": "needs Debian's packages; .ci/run runs it",
  "npm run demo": "test/e2e/demo.timed.ts runs it",
  "npm run dev": "does not end; test/e2e/dev.timed.ts runs it",
  "agent-operator console": "does not end; test/tools/console.test.ts opens it in a browser",
  "agent-operator run --local": "test/e2e/run-local.test.ts runs it, against the scripted model",
  "npm pack": "test/e2e/packed.test.ts packs, installs and runs the package",
  "npm install --global": "test/e2e/packed.test.ts does it",
  "docker build": "needs a Docker daemon; npm run image:check builds the same files",
  "kubectl -n agent-operator-system rollout status":
    "the embedded cluster makes no pods of a Deployment; test/e2e/install.test.ts starts one of its template",
  "kubectl -n agent-operator-system port-forward":
    "the embedded cluster serves none; test/tools/console-shared.test.ts opens what it leads to",
  helm: "test/e2e/helm.test.ts installs, upgrades and removes the chart",
  "npm run agent-operator -- operator": "does not end; test/e2e/operator.timed.ts runs it",
  "npm run agent-operator -- doctor":
    "judges a real installation, which a page's cluster is not; test/e2e/doctor.test.ts runs it",
  FROM: "builds an image; npm run image:check builds one with the same packages",
};
