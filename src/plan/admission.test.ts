import assert from "node:assert/strict";
import { it } from "node:test";
import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentProvider } from "../api/agent-provider.ts";
import type { AgentRun, AgentRunSpec } from "../api/agent-run.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import { reviewAdmission, type NamespaceContents, type ObservedAdmission } from "./admission.ts";

const CREATED = "2026-01-01T00:00:00Z";
const credential = { name: "credentials", key: "token" };

const gateway: AgentProvider = {
  metadata: { name: "gateway" },
  spec: { authTokenSecretRef: credential, agentTypes: ["claude"] },
};

function aRun(spec: AgentRunSpec, name = "review", status?: AgentRun["status"]): AgentRun {
  return { metadata: { name }, spec: { agent: "claude", prompt: "Review", ...spec }, status };
}

function aConfig(name: string, spec: AgentConfig["spec"] = {}, creationTimestamp?: string): AgentConfig {
  return { metadata: { name, ...(creationTimestamp !== undefined && { creationTimestamp }) }, spec };
}

function aWorkspace(metadata: AgentWorkspace["metadata"] = {}): AgentWorkspace {
  const repository = { url: "https://git.example.com/a.git", credentialsSecretRef: credential };
  return { metadata: { name: "shared", ...metadata }, spec: { repository } };
}

function around(
  found: Partial<NamespaceContents> = {},
  secrets: readonly string[] = ["credentials"],
): NamespaceContents {
  return { providers: [gateway], configs: [], hasSecret: (name) => secrets.includes(name), ...found };
}

const shared: AgentRunSpec = { providerRef: "gateway", workspaceRef: "shared", worktree: { branch: "b" } };
const atWork = { phase: "Running", jobName: "job" } as const;

const cases: [name: string, observed: ObservedAdmission, warnings: RegExp[]][] = [
  [
    "a run whose references resolve",
    { action: "createRun", run: aRun(shared), workspace: aWorkspace(), contents: around() },
    [],
  ],
  [
    "a key in the environment of a provider, not one that a variable names, and no count of tokens",
    {
      action: "writeProvider",
      provider: {
        metadata: { name: "open" },
        spec: {
          environment: {
            ANTHROPIC_API_KEY: "sk-hidden",
            OTHER_TOKEN: "$(FROM_SECRET)",
            MAX_THINKING_TOKENS: "4000",
            ANTHROPIC_BASE_URL: "https://example.com",
          },
        },
      },
      contents: around(),
    },
    [/^environment\.ANTHROPIC_API_KEY looks like a key that everybody .* can see: put it into a Secret$/],
  ],
  [
    "a key in the environment of a run's own provider",
    {
      action: "createRun",
      run: aRun({ provider: { environment: { OPENAI_API_KEY: "sk-hidden" } } }),
      contents: around(),
    },
    [/^provider\.environment\.OPENAI_API_KEY looks like a key/],
  ],
  [
    "a run on a provider that is not there yet",
    { action: "createRun", run: aRun({ providerRef: "other" }), contents: around() },
    [/^the run will wait: AgentProvider other does not exist yet$/],
  ],
  [
    "a run that names no provider where none is the default",
    { action: "createRun", run: aRun({}), contents: around() },
    [/^the run will wait: the run names no provider/],
  ],
  [
    "a run on the default provider, whose Secret is missing",
    {
      action: "createRun",
      run: aRun({}),
      contents: around({ configs: [aConfig("default", { defaultProviders: { claude: "gateway" } })] }, []),
    },
    [/^the run will wait: Secret credentials, which holds the provider's credential, does not exist yet$/],
  ],
  [
    "a run whose agent the provider is not for",
    { action: "createRun", run: aRun({ agent: "opencode", providerRef: "gateway" }), contents: around() },
    [/^the run will fail: AgentProvider gateway is for claude, not for opencode/],
  ],
  [
    "a run on a workspace that is not there yet",
    { action: "createRun", run: aRun(shared), contents: around() },
    [/^the run will wait: AgentWorkspace shared does not exist yet$/],
  ],
  [
    "a run on a workspace that is being deleted",
    {
      action: "createRun",
      run: aRun(shared),
      workspace: aWorkspace({ deletionTimestamp: CREATED }),
      contents: around(),
    },
    [/^the run will wait: AgentWorkspace shared is being deleted$/],
  ],
  [
    "a workspace whose credentials are there",
    { action: "writeWorkspace", workspace: aWorkspace(), contents: around() },
    [],
  ],
  [
    "a workspace whose credentials are missing",
    { action: "writeWorkspace", workspace: aWorkspace(), contents: around({}, []) },
    [/^the workspace will wait: Secret credentials/],
  ],
  [
    "the deletion of a workspace that only ended runs name",
    {
      action: "deleteWorkspace",
      workspace: aWorkspace(),
      runs: [aRun(shared, "done", { phase: "Succeeded", jobName: "job" })],
    },
    [],
  ],
  [
    "the deletion of a workspace in use",
    {
      action: "deleteWorkspace",
      workspace: aWorkspace(),
      runs: [aRun(shared, "b", atWork), aRun(shared, "a", atWork), aRun(shared, "c")],
    },
    [/waits for AgentRuns at work in it: a, b$/, /will go on waiting: c$/],
  ],
  ["a provider with its Secret", { action: "writeProvider", provider: gateway, contents: around() }, []],
  [
    "a provider without its Secret",
    { action: "writeProvider", provider: gateway, contents: around({}, []) },
    [/^the provider is not ready: Secret credentials does not exist yet$/],
  ],
  [
    "a provider that is the default of an agent that it is not for",
    {
      action: "writeProvider",
      provider: gateway,
      contents: around({ configs: [aConfig("default", { defaultProviders: { opencode: "gateway" } })] }),
    },
    [/the default of opencode, which agentTypes leaves out$/],
  ],
  [
    "the first AgentConfig",
    {
      action: "writeConfig",
      config: aConfig("one", { defaultProviders: { claude: "gateway" } }),
      contents: around(),
    },
    [],
  ],
  [
    "an AgentConfig that is written again",
    {
      action: "writeConfig",
      config: aConfig("one", {}, CREATED),
      contents: around({ configs: [aConfig("one", {}, CREATED)] }),
    },
    [],
  ],
  [
    "a second AgentConfig",
    {
      action: "writeConfig",
      config: aConfig("another"),
      contents: around({ configs: [aConfig("one", {}, CREATED)] }),
    },
    [/^the namespace's runs use AgentConfig one; this one has no effect/],
  ],
  [
    "a second AgentConfig that takes the first one's place",
    {
      action: "writeConfig",
      config: aConfig("default"),
      contents: around({ configs: [aConfig("one", {}, CREATED)] }),
    },
    [/^AgentConfig one has no effect beside this one/],
  ],
  [
    "an AgentConfig whose default providers are missing or for another agent",
    {
      action: "writeConfig",
      config: aConfig("default", { defaultProviders: { claude: "other", opencode: "gateway" } }),
      contents: around(),
    },
    [
      /^defaultProviders.claude: .* other does not exist yet$/,
      /^defaultProviders.opencode: .* is for claude/,
    ],
  ],
];
for (const [name, observed, expected] of cases) {
  it(`${expected.length === 0 ? "nothing is said" : "a warning is given"} of ${name}`, () => {
    const { allowed, warnings } = reviewAdmission(observed);
    assert.equal(allowed, true);
    assert.equal(warnings.length, expected.length, warnings.join("\n"));
    for (const [index, pattern] of expected.entries()) assert.match(warnings[index] ?? "", pattern);
  });
}

it("warnings stay within what API servers pass on whole", () => {
  const env = Array.from({ length: 40 }, (_, index) => ({
    name: `V${index}`,
    valueFrom: { secretKeyRef: { name: `${"s".repeat(250)}${index}`, key: "k" } },
  }));
  const run = aRun({ providerRef: "gateway", env });
  const { warnings } = reviewAdmission({ action: "createRun", run, contents: around() });
  assert.equal(warnings.length, 10);
  for (const warning of warnings) assert.equal(warning.length, 256);
});
