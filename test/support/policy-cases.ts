/** What the policies of config/components/policies are asked, and what they answer. */
export interface PolicyCase {
  name: string;
  kind: "AgentRun" | "AgentConfig" | "AgentWorkspace";
  spec: Record<string, unknown>;
  /** The stored spec, for a change. */
  oldSpec?: Record<string, unknown>;
  /** Over the limits that are shipped; undefined takes one away. */
  limits?: Record<string, string | undefined>;
  /** What the refusal begins with; undefined: it is allowed. */
  refused?: string;
}

const run = { repository: { url: "https://git.example.com/a/b.git" }, prompt: "do it" };
const workspace = { repository: { url: "https://git.example.com/a/b.git" } };
const secret = { name: "any", key: "token" };
const inline = { name: "p", authSecretRef: { name: "any", key: "token" } };
const exposed = {
  url: "https://git.example.com/a/b.git",
  credentialsSecretRef: { name: "g", key: "t" },
  exposeCredentialsToAgent: true,
};

function of(
  kind: PolicyCase["kind"],
  base: Record<string, unknown>,
  name: string,
  spec: Record<string, unknown>,
  rest: Omit<PolicyCase, "name" | "kind" | "spec"> = {},
): PolicyCase {
  return { name: `${kind}: ${name}`, kind, spec: { ...base, ...spec }, ...rest };
}

function runCase(
  name: string,
  spec: Record<string, unknown>,
  refused?: string,
  limits?: PolicyCase["limits"],
): PolicyCase {
  return of("AgentRun", run, name, spec, { ...(refused && { refused }), ...(limits && { limits }) });
}

function configCase(
  name: string,
  spec: Record<string, unknown>,
  refused?: string,
  limits?: PolicyCase["limits"],
): PolicyCase {
  return of("AgentConfig", {}, name, spec, { ...(refused && { refused }), ...(limits && { limits }) });
}

const NONE = Object.fromEntries(
  [
    "agents",
    "images",
    "providers",
    "inlineProvider",
    "secrets",
    "serviceAccounts",
    "priorityClasses",
    "runtimeClasses",
    "podSecurityContext",
    "scheduling",
    "longestTimeout",
    "trustRepositoryConfig",
    "args",
    "exposeCredentials",
  ].map((key) => [key, undefined]),
);

export const POLICY_CASES: readonly PolicyCase[] = [
  runCase("nothing special", {}),
  runCase("an agent that is listed", { agent: "codex" }),
  runCase("a program of its own", { agent: "custom", command: ["sh"] }, "agent "),
  runCase("any agent", { agent: "custom", command: ["sh"] }, undefined, { agents: "*" }),
  runCase("the built-in agent, which is not listed", {}, "agent ", { agents: "opencode codex" }),
  runCase("names on lines", { agent: "opencode" }, undefined, { agents: "codex\nopencode\n" }),
  runCase("an image that is listed", { image: "agent-operator-agent:0.1.0" }),
  runCase("another image", { image: "docker.io/evil/agent:1" }, "image "),
  runCase("an image whose name begins alike", { image: "agent-operator-agent-evil:1" }, "image "),
  runCase("an image by its exact name", { image: "r.example.com/a@sha256:" + "a".repeat(64) }, undefined, {
    images: `r.example.com/a@sha256:${"a".repeat(64)}`,
  }),
  runCase("an image below an exact name", { image: "r.example.com/a/b" }, "image ", {
    images: "r.example.com/a",
  }),
  runCase("an image of a service", { services: [{ name: "db", image: "evil" }] }, "image of every service"),
  runCase(
    "a Secret of a service",
    {
      services: [
        {
          name: "db",
          image: "agent-operator-agent:0.1.0",
          env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
        },
      ],
    },
    "a Secret in env of services",
    { secrets: "other" },
  ),
  runCase("an image of a group", { image: "r.example.com/team/x:2" }, undefined, {
    images: "other/* r.example.com/team/*",
  }),
  runCase("an image where none is listed", { image: "a" }, "image ", { images: "" }),
  runCase("a provider", { providerRef: "gemini" }),
  runCase("a provider that is not listed", { providerRef: "gemini" }, "providerRef ", { providers: "a b" }),
  runCase("a provider that is listed", { providerRef: "b" }, undefined, { providers: "a b" }),
  runCase("a provider of its own", { provider: inline }, "provider "),
  runCase("a provider of its own where that may be", { provider: inline }, undefined, {
    inlineProvider: "true",
  }),
  runCase("any Secret", {
    env: [{ name: "A", valueFrom: { secretKeyRef: secret } }],
    imagePullSecrets: [{ name: "x" }],
  }),
  runCase(
    "a Secret that is listed",
    { env: [{ name: "A", valueFrom: { secretKeyRef: secret } }] },
    undefined,
    {
      secrets: "other any",
    },
  ),
  runCase(
    "values that are no Secret's",
    {
      env: [
        { name: "A", value: "b" },
        { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
      mcpServers: [{ name: "m", command: "m", env: [{ name: "A", value: "b" }] }],
    },
    undefined,
    { secrets: "" },
  ),
  ...Object.entries({
    env: {
      env: [
        { name: "B", value: "b" },
        { name: "A", valueFrom: { secretKeyRef: secret } },
      ],
    },
    "a server's environment": {
      mcpServers: [{ name: "m", command: "m", env: [{ name: "A", secretKeyRef: secret }] }],
    },
    "a server's headers": {
      mcpServers: [
        { name: "m", url: "https://m.example.com", headers: [{ name: "A", secretKeyRef: secret }] },
      ],
    },
    imagePullSecrets: { imagePullSecrets: [{ name: "other" }, { name: "any" }] },
  }).map(([where, spec]) => runCase(`a Secret in ${where}`, spec, "a Secret in env, ", { secrets: "other" })),
  runCase(
    "a Secret in volumes",
    { volumes: [{ name: "a", secret: { secretName: "any" } }] },
    "a Secret in volumes ",
    {
      secrets: "other",
    },
  ),
  runCase(
    "a Secret in volumes that is listed",
    { volumes: [{ name: "a", secret: { secretName: "any" } }] },
    undefined,
    {
      secrets: "other any",
    },
  ),
  runCase(
    "a Secret among others in a volume",
    {
      volumes: [
        { name: "a", projected: { sources: [{ configMap: { name: "x" } }, { secret: { name: "any" } }] } },
      ],
    },
    "a Secret in volumes ",
    { secrets: "other" },
  ),
  runCase(
    "a Secret with the task",
    { prompt: undefined, promptFrom: { secretKeyRef: secret } },
    "the Secret of promptFrom, ",
    {
      secrets: "other",
    },
  ),
  runCase(
    "a Secret of git",
    { repository: { ...run.repository, credentialsSecretRef: secret } },
    "the Secret of promptFrom, ",
    {
      secrets: "",
    },
  ),
  ...Object.entries({
    "the repository's App": [
      { repository: { ...run.repository, githubAppRef: { name: "any" } } },
      "the Secret of promptFrom, ",
    ],
    "an additional repository": [
      { additionalRepositories: [{ name: "docs", url: "https://x/y", credentialsSecretRef: secret }] },
      "a Secret of additionalRepositories ",
    ],
    "the App of an additional repository": [
      { additionalRepositories: [{ name: "docs", url: "https://x/o/r", githubAppRef: { name: "any" } }] },
      "a Secret of additionalRepositories ",
    ],
    "the credential to push with": [{ publish: { credentialsSecretRef: secret } }, "a Secret of publish "],
    "the App that pushes": [{ publish: { githubAppRef: { name: "any" } } }, "a Secret of publish "],
    "the token of pull requests": [
      {
        publish: {
          credentialsSecretRef: { name: "other", key: "k" },
          pullRequest: { tokenSecretRef: secret },
        },
      },
      "a Secret of publish ",
    ],
    "the verification's variables": [
      { verify: { command: ["make"], env: [{ name: "A", valueFrom: { secretKeyRef: secret } }] } },
      "a Secret in env of verify ",
    ],
  } as const).flatMap(([where, [spec, refused]]) => [
    runCase(`a Secret for ${where}`, spec, refused, { secrets: "other" }),
    runCase(`a Secret for ${where}, where any may be`, spec),
  ]),
  runCase("an image of verify", { verify: { command: ["make"], image: "evil:1" } }, "image of verify "),
  runCase("an image of verify that is listed", { verify: { command: ["make"], image: "ci:1" } }, undefined, {
    images: "ci:*",
  }),
  runCase("a service account", { serviceAccountName: "admin" }, "serviceAccountName "),
  runCase("a service account that is listed", { serviceAccountName: "ci" }, undefined, {
    serviceAccounts: "ci",
  }),
  runCase("a priority class", { priorityClassName: "system-node-critical" }, "priorityClassName "),
  runCase("a priority class that is listed", { priorityClassName: "low" }, undefined, {
    priorityClasses: "low",
  }),
  runCase("a runtime class", { runtimeClassName: "gvisor" }),
  runCase("another runtime class", { runtimeClassName: "runc" }, "runtimeClassName ", {
    runtimeClasses: "gvisor",
  }),
  runCase("root", { podSecurityContext: { runAsUser: 0, runAsNonRoot: false } }, "podSecurityContext "),
  runCase("a user where that may be", { podSecurityContext: { runAsUser: 2000 } }, undefined, {
    podSecurityContext: "true",
  }),
  runCase("a node", { nodeSelector: { disk: "ssd" } }),
  runCase("a node where that may not be", { nodeSelector: { disk: "ssd" } }, "nodeSelector, ", {
    scheduling: "false",
  }),
  runCase("tolerations where they may not be", { tolerations: [{ operator: "Exists" }] }, "nodeSelector, ", {
    scheduling: "no",
  }),
  runCase("the longest timeout", { timeout: "24h" }),
  runCase("too long a timeout", { timeout: "24h0m1s" }, "timeout "),
  runCase("the built-in timeout, which is too long", {}, "timeout ", { longestTimeout: "30m" }),
  runCase("a timeout that is shorter", { timeout: "20m" }, undefined, { longestTimeout: "30m" }),
  runCase("any timeout", { timeout: "720h" }, undefined, { longestTimeout: "*" }),
  runCase("an affinity where it may not be", { affinity: { podAffinity: {} } }, "nodeSelector, ", {
    scheduling: "false",
  }),
  runCase("trust", { trustRepositoryConfig: true }, "trustRepositoryConfig "),
  runCase("no trust", { trustRepositoryConfig: false }),
  runCase("trust where it may be", { trustRepositoryConfig: true }, undefined, {
    trustRepositoryConfig: "true",
  }),
  runCase("arguments", { args: ["--setting-sources", "project"] }, "args "),
  runCase("arguments where they may be", { args: ["--verbose"] }, undefined, { args: "true" }),
  runCase("credentials for the agent", { repository: exposed }, "repository.exposeCredentialsToAgent "),
  runCase("credentials where the agent may have them", { repository: exposed }, undefined, {
    exposeCredentials: "true",
  }),
  runCase("limits that are not given", { image: "agent-operator-agent:0.1.0" }, "agent ", NONE),
  configCase("nothing", {}),
  configCase("nothing, and no limits", {}, undefined, NONE),
  configCase("an agent that is not listed", { defaultAgent: "gemini" }, "defaultAgent ", {
    agents: "claude",
  }),
  configCase("an image", { defaultImage: "evil:1" }, "defaultImage "),
  configCase("a provider that is not listed", { defaultProviders: { codex: "x" } }, "defaultProviders ", {
    providers: "a",
  }),
  configCase("providers that are listed", { defaultProviders: { codex: "a", claude: "b" } }, undefined, {
    providers: "a b",
  }),
  configCase("a Secret", { env: [{ name: "A", valueFrom: { secretKeyRef: secret } }] }, "a Secret in env ", {
    secrets: "",
  }),
  configCase("a Secret to pull with", { defaultImagePullSecrets: [{ name: "any" }] }, "a Secret in env ", {
    secrets: "",
  }),
  configCase(
    "a Secret of an MCP server",
    { mcpServers: [{ name: "m", url: "https://m", headers: [{ name: "A", secretKeyRef: secret }] }] },
    "a Secret in mcpServers ",
    { secrets: "" },
  ),
  configCase(
    "a Secret in a volume",
    { defaultVolumes: [{ name: "a", secret: { secretName: "any" } }] },
    "a Secret in defaultVolumes ",
    { secrets: "" },
  ),
  configCase("an affinity where it may not be", { defaultAffinity: {} }, "defaultAffinity ", {
    scheduling: "false",
  }),
  configCase("a service account", { defaultServiceAccountName: "admin" }, "defaultServiceAccountName "),
  configCase("a priority class", { defaultPriorityClassName: "high" }, "defaultPriorityClassName "),
  configCase("a runtime class", { defaultRuntimeClassName: "runc" }, "defaultRuntimeClassName ", {
    runtimeClasses: "",
  }),
  configCase("root", { defaultPodSecurityContext: { runAsUser: 0 } }, "defaultPodSecurityContext "),
  configCase("too long a timeout", { defaultTimeout: "48h" }, "defaultTimeout "),
  configCase("trust", { trustRepositoryConfig: true }, "trustRepositoryConfig "),
  of(
    "AgentConfig",
    {},
    "a change of what was there before the limits",
    { defaultImage: "evil:2" },
    {
      oldSpec: { defaultImage: "evil:1" },
      refused: "defaultImage ",
    },
  ),
  of(
    "AgentConfig",
    {},
    "metadata of what was there before the limits",
    { defaultImage: "evil:1" },
    {
      oldSpec: { defaultImage: "evil:1" },
    },
  ),
  of("AgentWorkspace", workspace, "nothing special", {}),
  of(
    "AgentWorkspace",
    workspace,
    "the Secret of a GitHub App",
    { repository: { ...workspace.repository, githubAppRef: { name: "any" } } },
    { refused: "the Secret of repository.credentialsSecretRef or ", limits: { secrets: "other" } },
  ),
  of(
    "AgentWorkspace",
    workspace,
    "credentials for agents",
    { repository: exposed },
    {
      refused: "repository.exposeCredentialsToAgent ",
    },
  ),
  of(
    "AgentWorkspace",
    workspace,
    "credentials where agents may have them",
    { repository: exposed },
    {
      limits: { exposeCredentials: "true" },
    },
  ),
];

/** The limits of a case, on top of those that are shipped. */
export function limitsOf(
  shipped: Readonly<Record<string, string>>,
  { limits = {} }: PolicyCase,
): Record<string, string> {
  const all = Object.entries({ ...shipped, ...limits });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
