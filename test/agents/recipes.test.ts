import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import type { AgentProvider } from "../../src/api/agent-provider.ts";
import { NAMED_AGENTS } from "../../src/api/agent-types.ts";
import { agentOfType } from "../../src/agents/registry.ts";
import type { ModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { startModelEndpoint } from "../../src/demo/model-endpoint.ts";
import type { ObservedRun } from "../../src/plan/agent-run/observed.ts";
import { resolveRun } from "../../src/plan/agent-run/resolve.ts";
import { AS_GO_READS } from "../../src/kube/yaml.ts";
import type { ResolvedRun } from "../../src/plan/resolved-run.ts";
import { projectRoot } from "../support/project-files.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aRun } from "../support/objects.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { agentFacts } from "./support/agent-facts.ts";
import { createPod } from "./support/pod.ts";

const KEY = "sk-recipe-key";

/** What each provider of the guide comes to: the request's path and the header with the key. */
const EXPECTED: Readonly<
  Record<string, { path: string; header: "x-api-key" | "authorization" | "x-goog-api-key"; model?: string }>
> = {
  anthropic: { path: "/v1/messages", header: "x-api-key" },
  litellm: { path: "/v1/messages", header: "authorization", model: "bedrock-claude" },
  openai: { path: "/v1/responses", header: "authorization" },
  google: {
    path: "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
    header: "x-goog-api-key",
  },
  "litellm-google": {
    path: "/v1beta/models/team-model:streamGenerateContent",
    header: "x-goog-api-key",
  },
  openrouter: { path: "/api/v1/chat/completions", header: "authorization", model: "qwen/qwen3-coder" },
  local: { path: "/v1/chat/completions", header: "authorization", model: "qwen3-coder" },
};

describe("the guide's providers", { concurrency: 2 }, () => {
  const recipes = providersIn(readFileSync(join(projectRoot, "docs/guide/providers.md"), "utf8"));

  test("are the ones that are tried here", () => {
    assert.deepEqual(
      recipes.map(({ metadata }) => metadata.name),
      Object.keys(EXPECTED),
    );
  });

  for (const recipe of recipes) {
    test(`${recipe.metadata.name} reaches its model`, async () => {
      await using directory = await temporaryDirectory();
      const model = await startModelEndpoint({ scenario: [{ text: "Done." }] });
      try {
        const origin = await createGitRepository(join(directory.path, "origin"));
        const resolution = resolveRun(observed(atEndpoint(recipe, model), origin.path));
        assert("resolved" in resolution, JSON.stringify(resolution));
        const secret = recipe.spec.authTokenSecretRef;
        const values = { [`${secret?.name}/${secret?.key}`]: KEY };
        const run = withEndpoint(resolution.resolved, model);
        const pod = await createPod(join(directory.path, "pod"), run, {
          values,
          timeoutMs: 60_000,
        });
        assert.equal((await pod.clone()).code, 0);
        const { code, stdout, stderr } = await pod.runAgent();
        assert.equal(code, 0, stderr);
        assert.equal(agentOfType(run.agent).parseOutput(stdout).text, "Done.");
        const [first] = model.requests.filter(({ main }) => main);
        const expected = EXPECTED[recipe.metadata.name ?? ""];
        assert.equal(first?.path.replace(/\?.*$/, ""), expected?.path);
        assert.match(String(first?.headers[expected?.header ?? ""]), new RegExp(`^(Bearer )?${KEY}$`));
        if (expected?.model !== undefined) assert.equal(first?.body["model"], expected.model);
      } finally {
        await model.close();
      }
    });
  }
});

function providersIn(page: string): AgentProvider[] {
  return [...page.matchAll(/^```yaml\n([^]*?)^```/gm)]
    .map((match) => parse(match[1] ?? "", AS_GO_READS) as AgentProvider)
    .filter(({ kind }) => kind === "AgentProvider");
}

/** The same provider, its URL's host replaced by the scripted endpoint's. */
function atEndpoint(recipe: AgentProvider, { url }: ModelEndpoint): AgentProvider {
  const environment = Object.fromEntries(
    Object.entries(recipe.spec.environment ?? {}).map(([name, value]) => [
      name,
      name.endsWith("_BASE_URL") ? value.replace(/^https?:\/\/[^/]+/, url) : value,
    ]),
  );
  return { ...recipe, spec: { ...recipe.spec, environment } };
}

/** Only once the credential's variable has been chosen: a vendor's own address is in no variable. */
function withEndpoint(run: ResolvedRun, { url }: ModelEndpoint): ResolvedRun {
  if (run.env.some(({ name }) => name.endsWith("_BASE_URL"))) return run;
  const { baseUrl } = agentFacts[NAMED_AGENTS.find((name) => name === run.agent) ?? "claude"];
  return { ...run, env: [...run.env, { name: baseUrl, value: url }] };
}

function observed(provider: AgentProvider, repository: string): ObservedRun {
  const { name = "", key = "" } = provider.spec.authTokenSecretRef ?? {};
  const agent = provider.spec.agentTypes?.[0] ?? "claude";
  const run = aRun("recipe", repository, { agent, providerRef: provider.metadata.name, prompt: "Say done" });
  return {
    run,
    references: { provider, secrets: new Map([[name, [key]]]) },
    defaults: {
      gitImage: "git",
      agentImage: "agent",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    now: 0,
  };
}
