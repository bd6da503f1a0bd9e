import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { AgentRun, AgentRunSpec } from "../../src/api/agent-run.ts";
import { jobs, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { aSecret } from "../support/objects.ts";
import { startCommand } from "../support/operator-program.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const COMMITS = `
read -r task
printf '%s\\n' "$task" > TASK.md
git add TASK.md
git commit --quiet --message "$task"
echo "working on it"
echo '{"type":"result","text":"Committed.","sessionId":"c-1","turns":2,"tokens":{"input":120,"output":30},"costUSD":0.25}'
`;

/** Fails first, and reports the session that the second attempt then goes on with. */
const INTERRUPTED = `
if [ -z "\${AGENT_RESUME:-}" ]; then
  touch begun.txt
  echo '{"type":"result","ok":false,"text":"lost the connection","sessionId":"c-2","tokens":{"input":5,"output":1}}'
  exit 1
fi
[ -e begun.txt ] && echo "went on with $AGENT_RESUME"
`;

/** Is stopped in the middle of its work, and goes on with the session that it has reported then. */
const PREEMPTED = `
if [ -n "\${AGENT_RESUME:-}" ]; then [ -e begun.txt ] && echo "went on with $AGENT_RESUME"; exit; fi
trap 'echo "{\\"type\\":\\"result\\",\\"ok\\":false,\\"text\\":\\"stopped\\",\\"sessionId\\":\\"c-3\\"}"; exit 143' TERM INT
touch begun.txt
echo begun
sleep 60 & wait $!
`;

describe("a program of the run's own", { concurrency: 3, timeout: 120_000 }, () => {
  const agents = useAgentCluster({});

  /** Without a provider, unless `spec` names one. */
  const runOf = (name: string, command: string[], spec: Partial<AgentRunSpec> = {}): Promise<AgentRun> =>
    agents.run(name, { agent: "custom", command, providerRef: undefined, ...spec });

  before(() => agents.add(secrets, aSecret("task", { text: "Settle the invoices of Contoso\n" })));

  it("is tried again with its work and its session", async () => {
    const { status } = await runOf("again", ["sh", "-c", INTERRUPTED], {
      retry: { limit: 1, reasons: ["AgentFailed"] },
    });
    assert.deepEqual(
      [status?.phase, status?.result?.text],
      ["Succeeded", "went on with c-2"],
      status?.message,
    );
    const [first] = status?.attempts ?? [];
    assert.equal(first?.message, "the agent ended with exit code 1: lost the connection");
    assert.equal(first.result?.tokens?.input, 5);
  });

  it("waits for its queue, gives its place back when that asks for it, and goes on with its session", async () => {
    const { client, namespace } = agents.cluster;
    const at = { namespace, name: "queued" };
    /** What Kueue does when it admits a Job, and when it takes the place back. */
    const suspend = (is: boolean) => client.patch(jobs, at, { spec: { suspend: is } }, { type: "merge" });
    await agents.create("queued", {
      agent: "custom",
      command: ["sh", "-c", PREEMPTED],
      providerRef: undefined,
      queueName: "team",
    });
    const waiting = await agents.until("queued", ({ status }) => status?.reason === "Queued");
    assert.equal(
      waiting.status?.message,
      "Job queued is suspended by queue team; it starts when it is resumed",
    );
    await suspend(false);
    await agents.untilSaid("queued", /^begun$/m);
    await suspend(true);
    await agents.until(
      "queued",
      ({ status }) => status?.attempts?.[0]?.reason === "Preempted" && status.jobName !== undefined,
    );
    await suspend(false);
    const { status } = await agents.until("queued");
    assert.deepEqual(
      [status?.phase, status?.result?.text],
      ["Succeeded", "went on with c-3"],
      status?.message,
    );
    assert.equal(status?.attempts?.length, 1);
  });

  it("commits and tells what it used", async () => {
    const { status } = await runOf("commits", ["sh", "-c", COMMITS], { prompt: "Write the task down" });
    assert.deepEqual(
      [status?.phase, status?.reason, status?.agent, status?.outcome],
      ["Succeeded", "Completed", "custom", "Committed"],
      status?.message,
    );
    const { git, ...result } = status?.result ?? {};
    assert.deepEqual(result, {
      sessionId: "c-1",
      turns: 2,
      tokens: { input: 120, output: 30, cacheRead: 0, cacheWrite: 0 },
      costUSD: "0.25",
      text: "Committed.",
    });
    assert.deepEqual([git?.commits, git?.filesChanged, git?.uncommittedChanges], [1, 1, false]);
    const row = await agents.cluster.kubectl("get", "agentrun", "commits", "-o", "wide", "--no-headers");
    assert.match(row, /^commits +custom +Succeeded .* 0\.25/);
  });

  it("has what the runs before it have left, also if it was made first", async () => {
    const read = 'cd "$AGENT_INPUTS" && ls && grep -h -e phase -e outcome -e text before.json';
    const [{ status }] = await Promise.all([
      runOf("after", ["sh", "-c", read], { dependsOn: [{ run: "before" }] }),
      runOf("before", ["echo", 'The plan: "$(HOME)" first']),
    ]);
    assert.deepEqual(
      status?.result?.text?.split("\n").map((line) => line.trim()),
      [
        "before.json",
        '"phase": "Succeeded",',
        '"outcome": "NoChanges",',
        '"text": "The plan: \\"$(HOME)\\" first"',
      ],
      status?.message,
    );
    const [before] = status.dependencies ?? [];
    assert.deepEqual([before?.run, before?.phase], ["before", "Succeeded"]);
  });

  it("has the key of its provider", async () => {
    const { status } = await runOf("with-key", ["sh", "-c", 'printf "%s" "$AGENT_API_KEY" | wc -c'], {
      providerRef: "scripted",
    });
    assert.equal(status?.result?.text, "18", status?.message);
    assert.equal(status.provider, "scripted");
  });

  it("may repeat a task that is a secret: it is in nothing that is shown or fetched", async () => {
    const { status } = await runOf("private", ["tee", "task.txt"], {
      prompt: undefined,
      promptFrom: { secretKeyRef: { name: "task", key: "text" } },
    });
    assert.deepEqual([status?.phase, status?.result?.text], ["Succeeded", "***"], status?.message);
    await using directory = await temporaryDirectory();
    const fetched = await startCommand(agents.cluster, ["artifacts", "private", "-o", directory.path]).ended;
    assert.equal(fetched.code, 0, fetched.stderr);
    const texts = [await agents.cluster.kubectl("logs", "job/private", "-c", "agent")];
    for (const name of ["patch", "transcript.jsonl", "log"])
      texts.push(await readFile(join(directory.path, name), "utf8"));
    for (const text of texts) {
      assert.match(text, /\*\*\*/);
      assert.doesNotMatch(text, /Contoso/);
    }
  });

  it("that fails is shown with its last words", async () => {
    const { status } = await runOf("fails", ["sh", "-c", "echo starting; echo 'no such rule' >&2; exit 2"]);
    assert.deepEqual([status?.phase, status?.reason, status?.exitCode], ["Failed", "AgentFailed", 2]);
    assert.match(status?.message ?? "", /^the agent ended with exit code 2: [^]*no such rule/);
  });

  it("that reports a failure has failed, whatever its exit code", async () => {
    const { status } = await runOf("reports", ["echo", '{"type":"result","ok":false,"text":"gave up"}']);
    assert.deepEqual(
      [status?.phase, status?.reason, status?.message, status?.exitCode],
      ["Failed", "AgentError", "gave up", 0],
    );
  });

  it("that was refused by the model's endpoint can say so, and the key is named", async () => {
    const said = '{"type":"result","ok":false,"status":401,"text":"invalid key"}';
    const { status } = await runOf("refused", ["echo", said], { providerRef: "scripted" });
    assert.deepEqual([status?.phase, status?.reason], ["Failed", "AuthenticationFailed"]);
    assert.match(status?.message ?? "", /\(401\): check key api-key of Secret credentials\. invalid key$/);
  });

  it("that is not there is named", async () => {
    const { status } = await runOf("absent", ["no-such-program"]);
    assert.deepEqual([status?.phase, status?.reason], ["Failed", "InvalidImage"]);
    assert.equal(status?.message, "the image has no program no-such-program, which the run's command names");
  });

  it("keeps its work when it is cancelled", async () => {
    const command = ["sh", "-c", "printf half > half.txt; echo at work; exec sleep 60"];
    await agents.create("cancelled", { agent: "custom", command, providerRef: undefined });
    await agents.untilSaid("cancelled", /at work/);
    const { code, stderr } = await startCommand(agents.cluster, ["cancel", "cancelled"]).ended;
    assert.equal(code, 0, stderr);
    const { status } = await agents.until("cancelled");
    assert.deepEqual(
      [status?.reason, status?.outcome, status?.result?.text],
      ["Cancelled", "Changed", "at work"],
    );
  });
});
