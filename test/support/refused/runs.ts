import { MAX_PROMPT_BYTES } from "../../../src/api/rules/values.ts";
import { run, runWithout, cloning, type RefusedManifest } from "./manifest.ts";
import { AGENTS, DURATION, GIT_URL, OBJECT_NAME, DNS_LABEL } from "./words.ts";

export const references: RefusedManifest[] = [
  ...(["opencode", "codex"] as const).map((agent) => ({
    what: `a limit of turns that ${agent} would pass over`,
    manifest: run({ agent, maxTurns: 10 }),
    says: "spec.maxTurns: Forbidden: opencode, codex, custom cannot obey it: leave it out, or name another agent",
  })),
  {
    what: "a system prompt for a program that knows of none",
    manifest: run({ agent: "custom", command: ["./work"], systemPrompt: "Be brief." }),
    says: "spec.systemPrompt: Forbidden: custom cannot obey it: leave it out, or name another agent",
  },
  ...(["opencode", "gemini"] as const).map((agent) => ({
    what: `a result of a form that ${agent} cannot be asked for`,
    manifest: run({ agent, resultSchema: '{"type":"object"}' }),
    says: "spec.resultSchema: Forbidden: opencode, gemini, custom cannot obey it: leave it out, or name another agent",
  })),
  {
    what: "a form of a result that is no JSON object",
    manifest: run({ agent: "claude", resultSchema: "type: object" }),
    says: 'spec.resultSchema: Invalid value: "type: object": must be a JSON schema, which is an object: { ... }',
  },
  {
    what: "skills for a program that knows of none",
    manifest: run({
      agent: "custom",
      command: ["./work"],
      skills: [{ name: "notes", configMapRef: { name: "notes" } }],
    }),
    says: "spec.skills: Forbidden: custom cannot obey it: leave it out, or name another agent",
  },
  {
    what: "a run with a provider and a providerRef",
    manifest: run({ providerRef: "gemini", provider: {} }),
    says: "spec.provider: Forbidden: provider and providerRef are mutually exclusive: describe a provider here or name an AgentProvider, not both",
  },
  {
    what: "a run with a repository and a workspaceRef",
    manifest: run({ workspaceRef: "shared", worktree: { branch: "work" } }),
    says: "spec.repository: Forbidden: repository and workspaceRef are mutually exclusive: a run on a workspace works on the workspace's repository",
  },
  {
    what: "a run with neither a repository nor a workspaceRef",
    manifest: runWithout("repository"),
    says: "spec.repository: Required value: set repository to the repository to work on, workspaceRef to an AgentWorkspace, or continueFrom to a run",
  },
  {
    what: "a run on a workspace without a worktree",
    manifest: runWithout("repository", { workspaceRef: "shared" }),
    says: "spec.worktree: Required value: a run on a workspace needs its own branch: set worktree.branch",
  },
  {
    what: "a clean-up of a worktree that goes with the run's own claim",
    manifest: run({ worktree: { branch: "work", cleanup: "OnDelete" } }),
    says: "spec.worktree.cleanup: Forbidden: a run without workspaceRef has its own claim, which is removed together with the run: leave cleanup out",
  },
  {
    what: "a queue that is no name",
    manifest: run({ queueName: "Team Queue" }),
    says: `spec.queueName: Invalid value: "Team Queue": ${OBJECT_NAME}`,
  },
  {
    what: "a run that continues itself",
    manifest: run({ repository: undefined, continueFrom: { run: "under-test" } }),
    says: "spec.continueFrom.run: Invalid value: a run cannot continue itself: name another one, or give this one another name",
  },
  {
    what: "a run that continues another one in a repository of its own",
    manifest: run({ continueFrom: { run: "first" } }),
    says: "spec.repository: Forbidden: a run with continueFrom works where the run that it continues has worked: leave repository out",
  },
  {
    what: "a run that continues another one with other repositories beside it",
    manifest: run({
      repository: undefined,
      continueFrom: { run: "first" },
      additionalRepositories: [{ name: "docs", url: "https://x/docs" }],
    }),
    says: "spec.additionalRepositories: Forbidden: a run with continueFrom works where the run that it continues has worked: leave additionalRepositories out",
  },
  {
    what: "a run on a workspace with other repositories beside it",
    manifest: runWithout("repository", {
      workspaceRef: "shared",
      worktree: { branch: "work" },
      additionalRepositories: [{ name: "docs", url: "https://x/docs" }],
    }),
    says: "spec.additionalRepositories: Forbidden: additionalRepositories are on the run's own claim, and a run on a workspace has none: name the repository in repository instead of workspaceRef",
  },
  {
    what: "two additional repositories of one name",
    manifest: run({
      additionalRepositories: [
        { name: "docs", url: "https://x/docs" },
        { name: "docs", url: "https://x/other" },
      ],
    }),
    says: 'spec.additionalRepositories[1]: Duplicate value: {"name":"docs"}',
  },
  ...["../store", "Docs", "a.b", "-x"].map((name) => ({
    what: `an additional repository named ${name}`,
    manifest: run({ additionalRepositories: [{ name, url: "https://x/docs" }] }),
    says: `spec.additionalRepositories[0].name: Invalid value: "${name}": ${DNS_LABEL}`,
  })),
  {
    what: "an additional repository with a helper for its URL",
    manifest: run({ additionalRepositories: [{ name: "docs", url: "ext::sh -c id" }] }),
    says: `spec.additionalRepositories[0].url: Invalid value: "ext::sh -c id": ${GIT_URL}`,
  },
  {
    what: "an additional repository with two credentials",
    manifest: run({
      additionalRepositories: [
        {
          name: "docs",
          url: "https://x/o/docs",
          credentialsSecretRef: { name: "a", key: "b" },
          githubAppRef: { name: "app" },
        },
      ],
    }),
    says: "spec.additionalRepositories[0].githubAppRef: Forbidden: githubAppRef and credentialsSecretRef are mutually exclusive: name one of them",
  },
  {
    what: "a run that continues another one in a worktree of its own",
    manifest: run({ repository: undefined, continueFrom: { run: "first" }, worktree: { branch: "b" } }),
    says: "spec.worktree: Forbidden: a run with continueFrom works where the run that it continues has worked: leave worktree out",
  },
  {
    what: "a run that continues a name that no run has",
    manifest: run({ repository: undefined, continueFrom: { run: "../first" } }),
    says: `spec.continueFrom.run: Invalid value: "../first": ${DNS_LABEL}`,
  },
  {
    what: "a run that depends on itself",
    manifest: run({ dependsOn: [{ run: "other" }, { run: "under-test" }] }),
    says: "spec.dependsOn: Invalid value: a run cannot wait for its own end: leave its own name out of dependsOn",
  },
  {
    what: "a queue for a branch of the run's own clone",
    manifest: run({ worktree: { branch: "work", onBusy: "Queue" } }),
    says: "spec.worktree.onBusy: Forbidden: a run without workspaceRef has its own clone, whose branches no other run uses: leave onBusy out",
  },
  {
    what: "a clean-up that is none",
    manifest: runWithout("repository", {
      workspaceRef: "shared",
      worktree: { branch: "w", cleanup: "Always" },
    }),
    says: 'spec.worktree.cleanup: Unsupported value: "Always": supported values: "Never", "OnSuccess", "OnDelete"',
  },
  {
    what: "a worktree without a branch",
    manifest: run({ worktree: { sourceBranch: "main" } }),
    says: "spec.worktree.branch: Required value",
  },
  {
    what: "a providerRef that is no name",
    manifest: run({ providerRef: "Gemini Provider" }),
    says: `spec.providerRef: Invalid value: "Gemini Provider": ${OBJECT_NAME}`,
  },
  {
    what: "a workspaceRef that is no DNS label",
    manifest: runWithout("repository", { workspaceRef: "my.workspace", worktree: { branch: "work" } }),
    says: `spec.workspaceRef: Invalid value: "my.workspace": ${DNS_LABEL}`,
  },
  {
    what: "a Secret reference without a key",
    manifest: run({ provider: { authSecretRef: { name: "token" } } }),
    says: "spec.provider.authSecretRef.key: Required value",
  },
  {
    what: "a Secret key with a slash",
    manifest: cloning({ credentialsSecretRef: { name: "token", key: "a/b" } }),
    says: `spec.repository.credentialsSecretRef.key: Invalid value: "a/b": must be a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.'`,
  },
];

export const runs: RefusedManifest[] = [
  {
    what: "a run without a spec",
    manifest: { ...run({}), spec: undefined },
    says: "spec: Required value",
  },
  {
    what: "a run of a program of its own that names none",
    manifest: run({ agent: "custom" }),
    says: "spec.command: Required value: agent custom runs the program that the run names: set command",
  },
  {
    what: "a command for an agent that has a program",
    manifest: run({ agent: "claude", command: ["make"] }),
    says: "spec.command: Forbidden: only agent custom has a command, because every other agent is itself a program: set agent to custom, or leave command out (args adds arguments)",
  },
  {
    what: "a command without saying for which agent",
    manifest: run({ command: ["make"] }),
    says: "spec.command: Forbidden: only agent custom has a command, because every other agent is itself a program: set agent to custom, or leave command out (args adds arguments)",
  },
  {
    what: "a command of no words",
    manifest: run({ agent: "custom", command: [] }),
    says: "spec.command: Invalid value: 0: spec.command in body should have at least 1 items",
  },
  {
    what: "a command without a program",
    manifest: run({ agent: "custom", command: ["", "--fix"] }),
    says: "spec.command: Invalid value: the first item must name the program",
  },
  {
    what: "a run without a prompt",
    manifest: runWithout("prompt"),
    says: "spec.prompt: Required value: set prompt to the task, or set promptFrom to the Secret or ConfigMap that holds it; only a run with continueFrom and verify or publish can be without a task: then no agent starts",
  },
  {
    what: "a run without a prompt that continues another one and has no step",
    manifest: runWithout("prompt", { repository: undefined, continueFrom: { run: "first" } }),
    says: "spec.prompt: Required value: set prompt to the task, or set promptFrom to the Secret or ConfigMap that holds it; only a run with continueFrom and verify or publish can be without a task: then no agent starts",
  },
  {
    what: "a run without a prompt whose agent is to hear of a failed verification",
    manifest: runWithout("prompt", {
      repository: undefined,
      continueFrom: { run: "first" },
      verify: { command: ["make"], feedback: { attempts: 1 } },
    }),
    says: "spec.prompt: Required value: set prompt to the task, or set promptFrom to the Secret or ConfigMap that holds it; only a run with continueFrom and verify or publish can be without a task: then no agent starts",
  },
  {
    what: "a run with a prompt and another place for it",
    manifest: run({ promptFrom: { configMapKeyRef: { name: "task", key: "text" } } }),
    says: "spec.promptFrom: Forbidden: prompt and promptFrom are mutually exclusive",
  },
  {
    what: "an MCP server that is both a program and an address",
    manifest: run({ mcpServers: [{ name: "x", command: "x", url: "http://x/mcp" }] }),
    says: "spec.mcpServers[0]: Invalid value: set exactly one of command and url",
  },
  {
    what: "an MCP server's value with a placeholder",
    manifest: run({ mcpServers: [{ name: "x", command: "x", env: [{ name: "A", value: "${KEY}" }] }] }),
    says: "spec.mcpServers[0].env[0].value: Invalid value: \"${KEY}\": must not contain '${', '{env:' or '{file:'; name a Secret in secretKeyRef for what is not known here",
  },
  {
    what: "an empty prompt",
    manifest: run({ prompt: "" }),
    says: "spec.prompt: Required value: must not be empty",
  },
  {
    what: "a prompt of nothing but white space",
    manifest: run({ prompt: " \n\t" }),
    says: "spec.prompt: Required value: must not be empty",
  },
  {
    what: "a prompt of more than 100 KiB in bytes, though not in characters",
    manifest: run({ prompt: "é".repeat(MAX_PROMPT_BYTES / 2 + 1) }),
    says: "spec.prompt: Forbidden: must be at most 102400 bytes of UTF-8 (100 KiB); put a longer one into a ConfigMap or Secret and name that in promptFrom",
  },
  {
    what: "a prompt of more than 100 Ki characters",
    manifest: run({ prompt: "x".repeat(MAX_PROMPT_BYTES + 1) }),
    says: "spec.prompt: Too long: may not be more than 102400 bytes",
  },
  {
    what: "a prompt with a NUL character",
    manifest: run({ prompt: "a\u0000b" }),
    says: String.raw`spec.prompt: Invalid value: "a\x00b": must not contain the NUL character`,
  },
  {
    what: "an agent that there is not",
    manifest: run({ agent: "copilot" }),
    says: `spec.agent: Unsupported value: "copilot": supported values: ${AGENTS}`,
  },
  {
    what: "a model that would be an option",
    manifest: run({ model: "--help" }),
    says: `spec.model: Invalid value: "--help": must be the name of a model, without spaces and not starting with '-'`,
  },
  {
    what: "an image with a space",
    manifest: run({ image: "node 24" }),
    says: `spec.image: Invalid value: "node 24": must be a container image such as node:24 or registry.example.com/team/agent@sha256:…, without spaces`,
  },
  {
    what: "a run's name that is no DNS label",
    manifest: run({}, "fix.login"),
    says: "metadata.name: Invalid value: the name of an AgentRun must be a DNS label of at most 63 characters: lower case letters, digits and '-', starting and ending with a letter or digit",
  },
  {
    what: "a run's name of 64 characters",
    manifest: run({}, "a".repeat(64)),
    says: "metadata.name: Invalid value: the name of an AgentRun must be a DNS label of at most 63 characters: lower case letters, digits and '-', starting and ending with a letter or digit",
  },
  {
    what: "a prompt that is a number",
    manifest: run({ prompt: 42 }),
    says: `spec.prompt: Invalid value: "integer": spec.prompt in body must be of type string: "integer"`,
  },
];

export const durations: RefusedManifest[] = [
  "5 minutes",
  "0s",
  "721h",
  "1.5h",
  "100ms",
  "",
  "h",
  "-1h",
  "90",
].map((timeout) => ({
  what: `a timeout of ${JSON.stringify(timeout)}`,
  manifest: run({ timeout }),
  says: `spec.timeout: Invalid value: ${JSON.stringify(timeout)}: ${DURATION}`,
}));
