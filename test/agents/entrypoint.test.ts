import assert from "node:assert/strict";
import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { agentOfType } from "../../src/agents/registry.ts";
import { MAX_PROMPT_BYTES } from "../../src/api/rules/values.ts";
import {
  lastWordsIn,
  parseGitReport,
  parseInvalidImage,
  wasStalled,
} from "../../src/plan/specs/git-report.ts";
import type { ResolvedRun } from "../../src/plan/resolved-run.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { createPod, repository, resolvedRun } from "./support/pod.ts";
import type { TestPod, TestPodOptions } from "./support/pod.ts";

const RESULT =
  '{"type":"result","subtype":"success","is_error":false,"num_turns":2,"result":"ä done","session_id":"s","total_cost_usd":0.5,"modelUsage":{}}';

/** An image whose `claude` is this shell script: what only concerns the entrypoint needs no model. */
async function podWith(
  directory: string,
  script: string | undefined,
  without: readonly string[] = [],
  { run, ...options }: TestPodOptions & { run?: Partial<ResolvedRun> } = {},
): Promise<TestPod> {
  const bin = join(directory, "bin");
  await mkdir(bin);
  const hidden = new Set(["claude", "npx", ...without]);
  for (const name of await readdir("/usr/bin")) {
    if (!hidden.has(name)) await symlink(join("/usr/bin", name), join(bin, name));
  }
  if (script !== undefined) {
    await writeFile(join(bin, "claude"), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, "claude"), 0o755);
  }
  const origin = await createGitRepository(join(directory, "origin"));
  const pod = await createPod(
    join(directory, "pod"),
    resolvedRun({ repository: repository(origin.path), ...run }),
    {
      path: bin,
      ...options,
    },
  );
  assert.equal((await pod.clone()).code, 0);
  return pod;
}

/** Whether its last words in the termination message say that claude has succeeded. */
async function judgedBy(pod: TestPod): Promise<boolean | undefined> {
  const words = lastWordsIn(await pod.message());
  return words === undefined ? undefined : agentOfType("claude").parseOutput(words).ok;
}

describe("the entrypoint", { concurrency: 2 }, () => {
  test("a transcript of 30 MiB is kept whole, and the log's tail tells the result", async () => {
    await using directory = await temporaryDirectory();
    const line = `{"type":"user","message":"${"ü".repeat(500)}"}`;
    const pod = await podWith(directory.path, `yes '${line}' | head -c 31457280; echo; echo '${RESULT}'`);
    const { code, stdout } = await pod.runAgent();
    assert.equal(code, 0);
    assert((await stat(pod.at("/workspace-run/transcript"))).size > 31457280);
    const bytes = Buffer.from(stdout);
    const report = agentOfType("claude").parseOutput(bytes.subarray(bytes.length - 4097).toString());
    assert.deepEqual([report.ok, report.text, report.costUSD], [true, "ä done", "0.5"]);
    assert.equal(await judgedBy(pod), true);
  });

  test("the exit code is the agent's, whatever its result says", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, `echo '${RESULT}'; exit 7`);
    assert.equal((await pod.runAgent()).code, 7);
    assert.match(await pod.message(), /^\{"type":"agent-operator","exitCode":7,/);
  });

  test("exit 0 without a result is no success", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, `echo '${RESULT.replace('"num_turns":2', '"num_turns":0')}'`);
    assert.equal((await pod.runAgent()).code, 0);
    assert.equal(await judgedBy(pod), false);
  });

  test("the run ends when the agent does, not when a time-out has passed", async () => {
    await using directory = await temporaryDirectory();
    const program = (await podWith(directory.path, `echo '${RESULT}'`)).startAgent();
    await program.waitForOutput(/"type":"result"/);
    const ended = performance.now();
    assert.equal((await program.ended).code, 0);
    assert(performance.now() - ended < 2500);
  });

  test("what the agent leaves running does not hold the run up", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, `(trap '' HUP TERM; sleep 60) & echo '${RESULT}'`, [], {
      timeoutMs: 20_000,
    });
    assert.equal((await pod.runAgent()).code, 0);
  });

  test("a daemon that keeps the output open costs three seconds", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(
      directory.path,
      `setsid sleep 100 & echo '${RESULT}'; printf 'no newline'`,
      [],
      {
        timeoutMs: 60_000,
      },
    );
    const { code, stdout } = await pod.runAgent();
    assert.equal(code, 0);
    assert.match(stdout, /^no newline\n\{"type":"agent-operator",/m);
  });

  test("an agent that does not end after its result is ended with that result", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, `echo '${RESULT}'; exec sleep 500`, [], {
      env: { AGENT_RESULT_PATIENCE: "2" },
      timeoutMs: 90_000,
    });
    const { code, stderr } = await pod.runAgent();
    assert.equal(code, 0);
    assert.match(stderr, /has reported its result, but did not end for 2 s/);
    assert.equal(await judgedBy(pod), true);
  });

  test("what the agent does to its log and transcript changes nothing of what is reported", async () => {
    await using directory = await temporaryDirectory();
    const env = [{ name: "MY_KEY", valueFrom: { secretKeyRef: { name: "mine", key: "key" } } }];
    const script = [
      `echo '${RESULT}'`,
      'for name in transcript log; do printf "%s\\n" "$MY_KEY" >>"$RUN_DIR/$name"; done',
      'for name in transcript log; do rm -f "$RUN_DIR/$name"; mkfifo "$RUN_DIR/$name"; done',
      'rm -rf "$TMPDIR"/*',
      'git checkout -q -b "$MY_KEY"',
    ].join("\n");
    const pod = await podWith(directory.path, script, [], {
      values: { "mine/key": "sk-0123456789" },
      run: { env },
      env: { RUN_DIR: join(directory.path, "pod/workspace-run") },
      timeoutMs: 90_000,
    });
    const { code, stdout, stderr } = await pod.runAgent();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"branch":"\*\*\*"/);
    for (const text of [stdout, stderr, await pod.message()]) assert.doesNotMatch(text, /sk-0123456789/);
  });

  test("what the agent puts in place of its log does not stop what has yet to open it", async () => {
    await using directory = await temporaryDirectory();
    const script = [
      'for name in transcript log; do rm -f "$RUN_DIR/$name"; mkfifo "$RUN_DIR/$name"; done',
      `echo said >&2; echo '${RESULT}'`,
    ].join("\n");
    const pod = await podWith(directory.path, script, ["tee"], {
      env: { RUN_DIR: join(directory.path, "pod/workspace-run") },
      timeoutMs: 60_000,
    });
    const tee = join(directory.path, "bin/tee");
    await writeFile(tee, '#!/bin/sh\nsleep 1\nexec /usr/bin/tee "$@"\n');
    await chmod(tee, 0o755);
    const { code, stdout, stderr } = await pod.runAgent();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\{"type":"result"/m);
    assert.match(stderr, /^said$/m);
  });

  test("an agent that ignores every signal but KILL is ended within the grace period", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, "trap '' INT TERM; echo '{}'; while :; do sleep 1; done", [], {
      timeoutMs: 25_000,
    });
    const program = pod.startAgent();
    await program.waitForOutput(/\{\}/);
    program.kill("SIGTERM");
    assert.equal((await program.ended).code, 143);
  });

  test("the agent's errors are in the log, apart from its events", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, "echo 'no such option' >&2; exit 1");
    const { stderr } = await pod.runAgent();
    assert.match(stderr, /no such option/);
    assert.match(await pod.read("/workspace-run/log"), /no such option/);
    assert.equal(await pod.read("/workspace-run/transcript"), "");
  });

  test("the agent gets its prompt as input, and not in its environment", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, "cat > input; env > environment");
    await pod.runAgent();
    assert.equal(await pod.read("/workspace/input"), "\nWrite HELLO.md and commit it");
    assert.doesNotMatch(await pod.read("/workspace/environment"), /Write HELLO\.md/);
  });

  test("a prompt of 100 KiB arrives byte for byte", async () => {
    await using directory = await temporaryDirectory();
    const prompt = `/slash $(HOME) $$ ${"😀'\"\\\n".repeat(12_000)}`.slice(0, 60_000);
    const filled = prompt + "x".repeat(MAX_PROMPT_BYTES - Buffer.byteLength(prompt));
    const pod = await podWith(directory.path, "cat > input", [], { run: { prompt: filled } });
    await pod.runAgent();
    assert.equal(await pod.read("/workspace/input"), `\n${filled}`);
  });

  test("an agent that may have the repository's credential can push", async () => {
    await using directory = await temporaryDirectory();
    const root = join(directory.path, "remote");
    const origin = await createGitRepository(join(root, "shared"));
    await origin.git("config", "http.receivepack", "true");
    const server = await startGitHttpServer({ root, user: "x-access-token", password: "tok3n" });
    try {
      const credentials = { name: "git", key: "token" };
      const pod = await podWith(directory.path, "git push --quiet origin HEAD:refs/heads/pushed", [], {
        values: { "git/token": "tok3n" },
        run: {
          repository: repository(`${server.url}/shared`, { credentials, exposeCredentialsToAgent: true }),
        },
      });
      const { code, stderr } = await pod.runAgent();
      assert.equal(code, 0, stderr);
      assert.equal(await origin.has("pushed"), true);
    } finally {
      await server.close();
    }
  });

  test("secret values are in nothing that the run leaves, also as JSON has them", async () => {
    await using directory = await temporaryDirectory();
    const secret = 'sk-"quoted"\\and-back';
    const script = [
      'printf \'{"type":"assistant","message":"%s"}\\n\' "$(printenv MY_KEY | sed \'s/\\\\/\\\\\\\\/g; s/"/\\\\"/g\')"',
      'printf "key: %s and again %s\\n" "$MY_KEY" "$MY_KEY" >&2',
      'printf "%s\\n" "$MY_KEY" > leaked.txt',
      `echo '${RESULT}'`,
    ].join("\n");
    const env = [{ name: "MY_KEY", valueFrom: { secretKeyRef: { name: "mine", key: "key" } } }];
    const pod = await podWith(directory.path, script, [], { values: { "mine/key": secret }, run: { env } });
    const { stdout, stderr } = await pod.runAgent();
    assert.match(stdout, /"message":"\*\*\*"/);
    assert.match(stderr, /key: \*\*\* and again \*\*\*/);
    assert.match(await pod.read("/workspace-run/patch"), /^\+\*\*\*$/m);
    const written = [stdout, stderr, await pod.message()];
    for (const name of ["log", "transcript", "patch"]) written.push(await pod.read(`/workspace-run/${name}`));
    for (const text of written) assert.doesNotMatch(text, /quoted/);
  });

  test("each line is there as soon as the agent has written it", { timeout: 30_000 }, async ({ signal }) => {
    await using directory = await temporaryDirectory();
    const env = [{ name: "MY_KEY", valueFrom: { secretKeyRef: { name: "mine", key: "key" } } }];
    const pod = await podWith(directory.path, `echo first; read -r line < wait; echo '${RESULT}'`, [], {
      values: { "mine/key": "sk-0123456789" },
      run: { env },
    });
    await runOk("mkfifo", ["-m", "666", pod.at("/workspace/wait")]);
    const program = pod.startAgent();
    await program.waitForOutput(/^first\n/m);
    while ((await pod.read("/workspace-run/transcript")) !== "first\n")
      await setTimeout(20, undefined, { signal });
    await writeFile(pod.at("/workspace/wait"), "go on\n");
    assert.equal((await program.ended).code, 0);
  });

  const burn = "i=0; while [ $i -lt 999 ]; do i=$((i+1)); done";
  const untilLater = 'end=$(($(date +%s) + 4)); while [ "$(date +%s)" -lt "$end" ]';
  const works = {
    "by itself": `${untilLater}; do ${burn}; done`,
    "by short processes in a session of their own": `setsid sh -c '${untilLater}; do sh -c "$0"; done' '${burn}'`,
  };
  for (const [how, work] of Object.entries(works)) {
    test(`an agent that does nothing is stopped, one that computes ${how} is not`, async () => {
      await using directory = await temporaryDirectory();
      const pod = await podWith(directory.path, `${work}; touch worked; sleep 60`, [], {
        run: { stallSeconds: 2 },
      });
      const began = performance.now();
      const { code, stderr } = await pod.runAgent();
      assert.equal(code, 143);
      // Four seconds of work and two without; a shell goes on for five when it is told to stop.
      assert(performance.now() - began > 10_000);
      assert.match(stderr, /the agent has done nothing for \d s: it is stopped/);
      await stat(pod.at("/workspace/worked"));
      assert.equal(wasStalled(await pod.message()), true);
    });
  }

  test("what an earlier attempt has used is not told again by the one that goes on with its session", async () => {
    await using directory = await temporaryDirectory();
    const session = "0a-1";
    const usage =
      '"usage":{"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":7}';
    // Two attempts are two processes, and so two messages.
    const message = `{"sessionId":"${session}","message":{"id":"'$$'",${usage}}}`;
    const script = [
      "mkdir -p ~/.claude/projects/w",
      `echo '{"type":"system","session_id":"${session}"}'`,
      `echo '${message}' >> ~/.claude/projects/w/${session}.jsonl`,
      "exit 1",
    ].join("\n");
    const pod = await podWith(directory.path, script, [], {
      run: { keepSession: true, resumeSession: session },
    });
    for (const attempt of [1, 2]) {
      const { stdout } = await pod.runAgent();
      assert.equal(agentOfType("claude").parseOutput(stdout).tokens?.output, 7, `attempt ${attempt}`);
    }
  });

  test("an image without the agent and without npx is named as such", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, undefined);
    assert.equal((await pod.runAgent()).code, 66);
    assert.match(parseInvalidImage(await pod.message())?.message ?? "", /neither claude nor npx/);
  });

  test("an image without bash is refused before claude starts", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, "touch started", ["bash", "zsh"]);
    assert.equal((await pod.runAgent()).code, 66);
    assert.match(parseInvalidImage(await pod.message())?.message ?? "", /bash zsh/);
    await assert.rejects(stat(pod.at("/workspace/started")));
  });

  test("without git the run still has its result", async () => {
    await using directory = await temporaryDirectory();
    const pod = await podWith(directory.path, `rm -rf .git; echo '${RESULT}'`);
    assert.equal((await pod.runAgent()).code, 0);
    const { commits, filesChanged } = parseGitReport(await pod.message()) ?? {};
    assert.deepEqual([await judgedBy(pod), commits, filesChanged], [true, undefined, undefined]);
  });
});
