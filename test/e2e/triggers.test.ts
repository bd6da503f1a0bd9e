import assert from "node:assert/strict";
import { readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import type { AgentRun } from "../../src/api/agent-run.ts";
import type { AgentTrigger } from "../../src/api/agent-trigger.ts";
import { agentRuns, agentTriggers } from "../../src/api/resources.ts";
import { committingScenario, type Scenario } from "../../src/demo/model-scenario.ts";
import { secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { type Answered, deliver, githubPayloads } from "../support/deliveries.ts";
import { type LoopbackForge, startForge } from "../support/forge/forge.ts";
import { aSecret } from "../support/objects.ts";
import { projectRoot } from "../support/project-files.ts";
import { waitFor } from "../support/wait-for.ts";

const TOKEN = "t0ken-of-the-forge";
const SECRET = "s3cret-of-the-hook";
/** The repository of GitHub's own examples. */
const PROJECT = "Codertocat/Hello-World";

/** A file more, with a commit. */
function more(file: string): Scenario {
  return [
    { actions: [{ run: `echo ${file} >${file}; git add ${file}; git commit -qm ${file}` }] },
    { text: `Done: ${file}.` },
  ];
}

/** Conversations go on: their turns are those before, too. */
const TESTS: Scenario = [...committingScenario(), ...more("tests.txt")];

describe("the samples of triggers, from a payload to a pull request", { timeout: 240_000 }, () => {
  const agents = useAgentCluster(
    {
      // The newest first: what was asked before is in the conversation too.
      "The check Octocoders-linter fails": [...TESTS, ...more("check.txt")],
      "fix the tests": TESTS,
      "Spelling error": committingScenario(),
    },
    { hooks: true, hosts: {} },
  );
  const stack = new AsyncDisposableStack();
  let forge: LoopbackForge;
  let port: number;

  before(async () => {
    const { repository, cluster } = agents;
    await repository.git("config", "http.receivepack", "true");
    const [owner = "", name = ""] = PROJECT.split("/");
    await symlink(".", join(dirname(repository.path), owner));
    await symlink(repository.path, join(dirname(repository.path), name));
    forge = await startForge({
      kind: "GitHub",
      project: PROJECT,
      token: TOKEN,
      writers: ["Codertocat"],
      commitOf: repository.commitOf,
    });
    stack.use(forge);
    await agents.add(secrets, aSecret("github-push", { token: TOKEN }));
    await agents.add(secrets, aSecret("github-hook", { secret: SECRET }));
    // The embedded cluster's own, under the role that is shipped.
    port = Number(new URL(cluster.hooksUrl ?? "").port);
    for (const sample of await samples()) {
      await agents.add(agentTriggers, sample);
      const at = { namespace: cluster.namespace, name: sample.metadata.name ?? "" };
      await waitFor(
        cluster.client,
        agentTriggers,
        at,
        ({ status }) => status?.conditions?.[0]?.status === "True",
      );
    }
  });
  after(() => stack.disposeAsync());

  /** As they are shipped, but for where the repository, the forge and the model are. */
  async function samples(): Promise<AgentTrigger[]> {
    const text = await readFile(join(projectRoot, "config/samples/triggers.yaml"), "utf8");
    return parseAllDocuments(text).map((document) => {
      const sample = document.toJS() as AgentTrigger;
      const { credential, runTemplate, repository } = sample.spec;
      const { spec } = runTemplate;
      if (credential) credential.apiURL = forge.apiURL;
      if (repository !== undefined) sample.spec.repository = PROJECT;
      if (spec.repository) spec.repository.url = agents.repositoryUrl.replace(/repository$/, PROJECT);
      spec.providerRef = "scripted";
      if (spec.publish?.pullRequest)
        Object.assign(spec.publish.pullRequest, { forge: "GitHub", apiURL: forge.apiURL });
      return sample;
    });
  }

  const send = (trigger: string, name: string, event: object): Promise<Answered> =>
    deliver({
      port,
      trigger: `${agents.cluster.namespace}/${trigger}`,
      secret: SECRET,
      event,
      headers: { "x-github-event": name },
    });

  async function ended(answer: Answered): Promise<AgentRun> {
    assert.deepEqual([answer.status, answer.body.reason], [201, "RunCreated"], answer.body.message);
    const run = await agents.until(answer.body.run ?? "");
    assert.equal(run.status?.phase, "Succeeded", run.status?.message);
    return run;
  }

  /** The run's comment shows its end, and its pull request. */
  async function untilReported({ metadata, status }: AgentRun): Promise<void> {
    const url = status?.published?.pullRequest?.url ?? "";
    const isThere = (): boolean =>
      forge.comments.some(
        ({ body }) =>
          body.includes(`AgentRun \`${metadata.name}\`: **Succeeded**`) &&
          body.includes(`Pull request: ${url}\n`),
      );
    while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  const filesOf = async (branch: string): Promise<string[]> =>
    (await agents.repository.git("ls-tree", "--name-only", branch)).split("\n");

  it("an issue with a label becomes one, and a comment and a failing check go on with it", async () => {
    const [payload] = githubPayloads("issues", "labeled");
    const labeled = { ...payload, label: { name: "agent" } };
    const stranger = { ...labeled, sender: { login: "mallory", type: "User" } };
    assert.equal((await send("issue", "issues", stranger)).body.reason, "ActorRefused");
    const first = await ended(await send("issue", "issues", labeled));
    const [pull] = forge.pulls;
    assert.equal(forge.pulls.length, 1);
    assert.deepEqual(first.status?.published?.pullRequest?.number, pull?.number);
    assert.deepEqual(pull?.labels, ["agent"]);
    assert.match(
      first.spec.prompt ?? "",
      /Spelling error in the README file\n\nIt looks like you accidently/,
    );
    const branch = pull?.branch ?? "";
    await untilReported(first);
    assert.deepEqual(forge.breaches, []);
    assert.deepEqual(
      forge.comments.map(({ number }) => number),
      [1],
    );

    const [commented] = githubPayloads("issue_comment", "created");
    const comment = (body: string) => ({
      ...commented,
      issue: { ...(commented?.["issue"] as object), number: pull?.number, pull_request: {} },
      comment: { ...(commented?.["comment"] as object), body },
    });
    assert.equal((await send("comment", "issue_comment", comment("I like it"))).body.reason, "NotMatched");
    const second = await ended(await send("comment", "issue_comment", comment("/agent fix the tests")));
    assert.equal(second.status?.continued?.run, first.metadata.name);
    assert.equal(second.spec.prompt, "fix the tests");
    assert.ok((await filesOf(branch)).includes("tests.txt"));

    const [checked] = githubPayloads("check_run", "completed");
    const check = structuredClone(checked) as unknown as {
      check_run: { conclusion: string; pull_requests: { number?: number }[] };
    };
    for (const each of check.check_run.pull_requests) each.number = pull?.number ?? 0;
    const third = await ended(await send("failing-check", "check_run", check));
    assert.equal(third.status?.continued?.run, second.metadata.name);
    assert.ok((await filesOf(branch)).includes("check.txt"));
    check.check_run.conclusion = "success";
    assert.equal((await send("failing-check", "check_run", check)).body.reason, "NotMatched");

    assert.equal(forge.pulls.length, 1);
    for (const run of [second, third]) await untilReported(run);
    assert.equal(forge.comments.length, 3, "one for each run");
    assert.ok(forge.comments.every(({ writes }) => writes > 1));
    assert.deepEqual(forge.breaches, []);
    const { items } = await agents.cluster.client.list(agentRuns, { namespace: agents.cluster.namespace });
    assert.equal(items.length, 3);
  });

  it("starts nothing for what the runs themselves have caused", async () => {
    const [said] = githubPayloads("issue_comment", "created");
    const about = { ...(said?.["comment"] as object), body: forge.comments[0]?.body.concat("/agent ") };
    const own = { ...said, comment: { ...about, body: `/agent ${about.body}` } };
    assert.equal((await send("comment", "issue_comment", own)).body.reason, "OwnEvent");
    const { client, namespace } = agents.cluster;
    const { items } = await client.list(agentRuns, { namespace });
    const { status } = items.find((run) => run.status?.published) ?? {};
    const [opened] = githubPayloads("pull_request", "labeled");
    const head = {
      ref: status?.published?.branch,
      sha: status?.published?.commit,
      repo: { full_name: PROJECT },
    };
    const event = {
      ...opened,
      label: { name: "agent" },
      pull_request: {
        ...(opened?.["pull_request"] as object),
        head,
        base: { repo: { full_name: PROJECT } },
        updated_at: status?.published?.time ?? status?.completionTime,
      },
    };
    assert.equal((await send("issue", "pull_request", event)).body.reason, "OwnEvent");
  });
});
