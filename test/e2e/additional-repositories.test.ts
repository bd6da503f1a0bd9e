import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Scenario } from "../../src/demo/model-scenario.ts";
import { pods, secrets } from "../../src/kube/builtin.ts";
import { agentFacts } from "../agents/support/agent-facts.ts";
import { API_KEY, useAgentCluster } from "../support/agent-cluster.ts";
import { createGitRepository } from "../support/git-repository.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import type { GitHttpServer } from "../support/git-http-server.ts";
import { aSecret } from "../support/objects.ts";
import { startCommand } from "../support/operator-program.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const DOCS_TOKEN = "tok3n-of-the-docs-host";
const LIB_TOKEN = "tok3n-of-the-library-host";

/** Reads both, changes one: a commit, a file that is not committed, and what must not be shown. */
const WORK = [
  "cat /workspace-repos/docs/guide.md /workspace-repos/lib/lib.txt >seen.txt",
  "cd /workspace-repos/lib",
  "echo two >lib.txt && git commit -qam Two",
  "echo $ANTHROPIC_API_KEY$ANTHROPIC_AUTH_TOKEN >key.txt",
].join("; ");

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "Be killed": [
    { actions: [{ run: "cd /workspace-repos/lib; echo half >half.txt; echo so''on" }] },
    { fault: "hang" },
  ],
  "Work on": [
    { actions: [{ run: "cat /workspace-repos/lib/key.txt | wc -l >again.txt" }] },
    { text: "Done." },
  ],
  "Write there": [
    { actions: [{ write: { path: "/workspace-repos/docs/new.md", content: "New.\n" } }] },
    { text: "Done." },
  ],
  "Change it": [{ actions: [{ run: WORK }] }, { text: "Done." }],
};

describe("additional repositories", { timeout: 240_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const stack = new AsyncDisposableStack();
  const servers: GitHttpServer[] = [];
  const remotes: GitRepository[] = [];

  before(async () => {
    const { path } = stack.use(await temporaryDirectory());
    for (const [name, file, password] of [
      ["docs", "guide.md", DOCS_TOKEN],
      ["lib", "lib.txt", LIB_TOKEN],
    ] as const) {
      const root = join(path, name);
      remotes.push(
        await createGitRepository(join(root, "repository"), {
          [file]: "one\n",
          // An agent would read it as its instructions.
          "GEMINI.md": { link: "/proc/self/environ" },
        }),
      );
      servers.push(await startGitHttpServer({ root, user: "x-access-token", password }));
    }
    await agents.add(secrets, aSecret("docs", { token: DOCS_TOKEN }));
    await agents.add(secrets, aSecret("lib", { token: LIB_TOKEN }));
  });
  after(async () => {
    for (const server of servers) await server.close();
    await stack.disposeAsync();
  });

  const additional = (of: Record<string, string> = { docs: "docs", lib: "lib" }) =>
    Object.entries(of).map(([name, secret], index) => ({
      name,
      url: `${servers[index]?.url}/repository`,
      credentialsSecretRef: { name: secret, key: "token" },
    }));

  it("are there for setup and the agent, each fetched with its own credential, and what changed is a patch", async () => {
    const { status } = await agents.run("context", {
      prompt: "Change it",
      additionalRepositories: additional(),
      setup: {
        command: ["sh", "-c", "test -s /workspace-repos/docs/guide.md && echo x >/workspace-repos/docs/.x"],
      },
      verify: {
        command: [
          "sh",
          "-c",
          "grep -x one /workspace-repos/lib/lib.txt && ! test -e /workspace-repos/lib/key.txt",
        ],
      },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.deepEqual(status.result?.repositories, [
      { name: "docs", filesChanged: 1, insertions: 1, deletions: 0 },
      { name: "lib", filesChanged: 2, insertions: 2, deletions: 1 },
    ]);
    assert.equal(status.verification?.verdict, "Passed", "the verification has them as they were fetched");
    assert.deepEqual(
      servers.map(({ credentials }) => [...new Set(credentials)]),
      [[`x-access-token:${DOCS_TOKEN}`], [`x-access-token:${LIB_TOKEN}`]],
      "no host sees the other's credential",
    );
    for (const remote of remotes) assert.equal(await remote.git("rev-list", "--count", "--all"), "1");

    await using directory = await temporaryDirectory();
    const fetched = await startCommand(agents.cluster, ["artifacts", "context", "-o", directory.path]).ended;
    assert.equal(fetched.code, 0, fetched.stderr);
    assert.deepEqual((await readdir(directory.path)).toSorted(), [
      "log",
      "patch",
      "patch.docs",
      "patch.lib",
      "transcript.jsonl",
    ]);
    const patch = await readFile(join(directory.path, "patch.lib"), "utf8");
    assert.match(patch, /^\+\*\*\*$/m);
    for (const secret of [API_KEY, DOCS_TOKEN, LIB_TOKEN]) assert.ok(!patch.includes(secret));
    const clone = join(directory.path, "clone");
    await runOk("git", ["clone", "--quiet", remotes[1]?.path ?? "", clone]);
    await runOk("git", ["-C", clone, "apply"], { input: patch });
    assert.equal(await readFile(join(clone, "lib.txt"), "utf8"), "two\n");
    const diff = await startCommand(agents.cluster, ["diff", "context", "--repository", "lib"]).ended;
    assert.equal(diff.stdout, patch);
    const unknown = await startCommand(agents.cluster, ["diff", "context", "--repository", "other"]).ended;
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /context has no additional repository other: it has docs, lib/);

    const next = await agents.run("context-2", {
      repository: undefined,
      continueFrom: { run: "context", session: "Fresh" },
      prompt: "Work on",
    });
    assert.equal(next.status?.phase, "Succeeded", next.status?.message);
    assert.deepEqual(next.status.result?.repositories, status.result.repositories, "what was left goes on");
    const shown = await startCommand(agents.cluster, ["diff", "context-2"]).ended;
    assert.match(shown.stdout, /^\+1$/m, "the run that continues has the files that the first one has left");
  });

  it("have their patch from the claim if the run was killed before it could write it", async () => {
    const { client, namespace } = agents.cluster;
    await agents.create("killed", {
      prompt: "Be killed",
      additionalRepositories: additional(),
    });
    await agents.untilSaid("killed", /soon/);
    const { status } = await agents.until("killed", (run) => run.status?.podName !== undefined);
    await client.delete(pods, { namespace, name: status?.podName ?? "" }, { gracePeriodSeconds: 0 });
    const ended = await agents.until("killed");
    assert.equal(ended.status?.reason, "PodDeleted");
    const { code, stdout, stderr } = await startCommand(agents.cluster, [
      "diff",
      "killed",
      "--repository",
      "lib",
    ]).ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\+half$/m);
  });

  it("name themselves if they cannot be fetched, and never the credential", async () => {
    const { status } = await agents.run("refused", {
      prompt: "Change it",
      additionalRepositories: additional({ docs: "docs", lib: "docs" }),
    });
    assert.equal(status?.reason, "CloneFailed");
    assert.match(status.message ?? "", /^additional repository lib: .*Authentication failed/s);
    assert.ok(!JSON.stringify(status).includes(DOCS_TOKEN));
    await agents.create("waits", {
      prompt: "Change it",
      additionalRepositories: additional({ docs: "nobody" }),
    });
    const waits = await agents.until("waits", (run) => run.status?.reason !== undefined);
    assert.equal(waits.status?.reason, "SecretNotFound");
    assert.match(
      waits.status.message ?? "",
      /Secret nobody, which holds the credentials of additional repository docs/,
    );
  });

  it("are in reach of gemini's own tools, which refuse other folders", async () => {
    const { status } = await agents.run("writes", {
      agent: "gemini",
      model: agentFacts.gemini.model,
      prompt: "Write there",
      additionalRepositories: additional(),
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    const asked = agents.model.requests.map(({ body }) => JSON.stringify(body));
    assert.ok(asked.some((body) => body.includes("/workspace-repos/docs")));
    assert.ok(
      !asked.some((body) => body.includes("GEMINI_API_KEY=")),
      "no link of theirs shows the agent's key",
    );
    assert.deepEqual(status.result?.repositories, [
      { name: "docs", filesChanged: 1, insertions: 1, deletions: 0 },
    ]);
  });
});
