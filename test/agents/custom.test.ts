import assert from "node:assert/strict";
import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { custom } from "../../src/agents/custom/custom.ts";
import { lastWordsIn, parseGitReport, parseInvalidImage } from "../../src/plan/specs/git-report.ts";
import type { ResolvedRun } from "../../src/plan/resolved-run.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { projectRoot } from "../support/project-files.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { createPod, repository, resolvedRun } from "./support/pod.ts";
import type { TestPod, TestPodOptions } from "./support/pod.ts";

interface CustomRun extends AsyncDisposable {
  pod: TestPod;
}

/** A cloned run of this command. */
async function prepare(
  command: string[],
  run: Partial<ResolvedRun> = {},
  { files, ...options }: TestPodOptions & { files?: Record<string, string> } = {},
): Promise<CustomRun> {
  const directory = await temporaryDirectory();
  const origin = await createGitRepository(join(directory.path, "origin"), files);
  const pod = await createPod(
    join(directory.path, "pod"),
    resolvedRun({ agent: "custom", command, repository: repository(origin.path), ...run }),
    options,
  );
  const clone = await pod.clone();
  assert.equal(clone.code, 0, clone.stderr);
  return { pod, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

const script = (text: string): string[] => ["sh", "-c", text];

describe("a program of the run's own", { concurrency: 2 }, () => {
  test("gets the task as input and as a file, and its words as they were written", async () => {
    const prompt = "--help $(HOME) $$ `id` \"quoted\" 'single' \\back\nsecond line\t😀\n\nend  ";
    const words = ["$(HOME)", "$$", "two  words", "-x", "", "a'b\"c"];
    await using run = await prepare(
      [
        "sh",
        "-c",
        'cat > input; cp "$AGENT_PROMPT_FILE" file; printf %s "${AGENT_PROMPT_FILE#"$TMPDIR"}" > path; printf "%s|" "$@" > words',
        "program",
        ...words,
      ],
      {
        prompt,
        args: ["--from", "args"],
        provider: { name: "p", environment: {}, cliArgs: ["--from-provider"] },
      },
    );
    const { code, stderr } = await run.pod.runAgent();
    assert.equal(code, 0, stderr);
    assert.equal(await run.pod.read("/workspace/input"), prompt);
    assert.equal(await run.pod.read("/workspace/file"), prompt);
    assert.equal(await run.pod.read("/workspace/path"), "/agent-prompt");
    const given = [...words, "--from-provider", "--from", "args"];
    assert.equal(await run.pod.read("/workspace/words"), given.map((word) => `${word}|`).join(""));
  });

  test("finds model, instructions and credential in variables, and needs none of them", async () => {
    const text =
      'echo "model=${AGENT_MODEL-none} key=${AGENT_API_KEY-none}"; cat "$AGENT_INSTRUCTIONS" 2>/dev/null || echo no instructions';
    const token = { variable: "AGENT_API_KEY", secret: { name: "key", key: "key" } };
    await using full = await prepare(
      script(`${text}; printf %s "$AGENT_API_KEY" | wc -c`),
      {
        model: "m-1",
        instructions: { text: "Be brief." },
        provider: { name: "p", environment: {}, cliArgs: [], token },
      },
      { values: { "key/key": "sk-0123456789" } },
    );
    const said = custom.parseOutput((await full.pod.runAgent()).stdout);
    assert.deepEqual(said, { ok: true, text: "model=m-1 key=***\nBe brief.\n\n13" });
    await using bare = await prepare(script(text));
    const { text: words } = custom.parseOutput((await bare.pod.runAgent()).stdout);
    assert.equal(words, "model=none key=none\nno instructions");
  });

  test("leaves its change, what git says of it and its last words", async () => {
    await using run = await prepare(
      script(
        "printf new > new.txt; git add new.txt; git commit -qm New; printf more >> README.md; echo Done.",
      ),
    );
    const { code, stdout } = await run.pod.runAgent();
    assert.equal(code, 0);
    assert.deepEqual(custom.parseOutput(stdout), { ok: true, text: "Done." });
    const git = parseGitReport(await run.pod.message());
    assert.deepEqual([git?.commits, git?.filesChanged, git?.uncommittedChanges], [1, 2, true]);
    assert.match(await run.pod.read("/workspace-run/patch"), /^\+new$/m);
    assert.equal(await run.pod.read("/workspace-run/transcript"), "Done.\n");
  });

  test("may repeat a task that is a secret: nothing that it leaves has it", async () => {
    const lines = ["Settle the invoices of Contoso", '  "quietly",\tand by hand', "", "today"];
    const promptFrom = { secret: { name: "task", key: "text" } };
    await using run = await prepare(
      script("tee task.txt; cat task.txt >&2; cat; awk 1 task.txt; git add .; git commit -qm Task"),
      { prompt: undefined, promptFrom },
      { values: { "task/text": lines.join("\n") } },
    );
    const { code, stdout, stderr } = await run.pod.runAgent();
    assert.equal(code, 0, stderr);
    assert.equal(await run.pod.read("/workspace/task.txt"), lines.join("\n"));
    assert.equal(custom.parseOutput(stdout).text?.split("\n").at(-1), "today");
    const written = [stdout, stderr, await run.pod.message()];
    for (const name of ["log", "transcript", "patch"])
      written.push(await run.pod.read(`/workspace-run/${name}`));
    for (const text of written) assert.doesNotMatch(text, /Contoso|quietly/);
    assert.match(await run.pod.read("/workspace-run/patch"), /^\+\*\*\*\n\+ {2}\*\*\*\n\+\n\+today$/m);
  });

  test("may end with all that the guide says it can tell", async () => {
    const guide = readFileSync(join(projectRoot, "docs/guide/custom-programs.md"), "utf8");
    const result = /^ *(\{"type": "result".*\})$/m.exec(guide)?.[1] ?? "";
    await using run = await prepare(["echo", result]);
    const told = custom.parseOutput((await run.pod.runAgent()).stdout);
    const { type: _type, ...documented } = JSON.parse(result) as Record<string, unknown>;
    assert.deepEqual(told, documented);
  });

  test("succeeds without a word", async () => {
    await using run = await prepare(["true"]);
    const { code, stdout } = await run.pod.runAgent();
    assert.equal(code, 0);
    assert.deepEqual(custom.parseOutput(stdout), { ok: true });
    assert.equal(custom.parseOutput(lastWordsIn(await run.pod.message()) ?? "").ok, true);
  });

  test("that fails says why, with the end of both its outputs", async () => {
    await using run = await prepare(script("echo on my way; echo 'cannot \"go\" on' >&2; exit 3"));
    const { code, stdout } = await run.pod.runAgent();
    assert.equal(code, 3);
    const { ok, text, error } = custom.parseOutput(stdout);
    assert.deepEqual([ok, text], [false, "on my way"]);
    assert.deepEqual(error?.message.split("\n").toSorted(), ['cannot "go" on', "on my way"]);
    assert.equal(custom.parseOutput(lastWordsIn(await run.pod.message()) ?? "").ok, false);
  });

  test("that ends with 0 and a result that says otherwise has failed", async () => {
    await using run = await prepare(script(`echo '{"type": "result", "ok": false, "text": "gave up"}'`));
    const { code, stdout } = await run.pod.runAgent();
    assert.equal(code, 0);
    assert.equal(custom.parseOutput(stdout).error?.message, "gave up");
    assert.equal(custom.parseOutput(lastWordsIn(await run.pod.message()) ?? "").ok, false);
  });

  test("may colour its output and write over a line; of a long one the end is told", async () => {
    const text = [
      "yes 'a line of no interest ü' | head -c 4194304; echo",
      String.raw`printf '10%%\r50%%\r\033[1;32m100%%\033[0m \\ "done"\tnow\r\n\n'`,
    ].join("\n");
    await using run = await prepare(script(text));
    const { code, stdout } = await run.pod.runAgent();
    assert.equal(code, 0);
    const bytes = Buffer.from(stdout);
    const report = custom.parseOutput(bytes.subarray(-65536).toString());
    assert.equal(report.text?.split("\n").at(-1), '100% \\ "done"\tnow');
    assert.equal((await stat(run.pod.at("/workspace-run/transcript"))).size > 4194304, true);
  });

  test("can be one that the repository brings", async () => {
    const files = { "tools/fix.sh": "#!/bin/sh\necho fixed\n", "README.md": "# A repository\n" };
    await using run = await prepare(["tools/fix.sh"], {}, { files });
    await chmod(run.pod.at("/workspace/tools/fix.sh"), 0o755);
    const { stdout } = await run.pod.runAgent();
    assert.equal(custom.parseOutput(stdout).text, "fixed");
  });

  for (const name of ["no-such-program", "exit", "./no-such-file", "/usr/bin"]) {
    test(`${name} is not in the image, and the run says so`, async () => {
      await using run = await prepare([name, "--help"]);
      assert.equal((await run.pod.runAgent()).code, 66);
      assert.equal(
        parseInvalidImage(await run.pod.message())?.message,
        `the image has no program ${name}, which the run's command names`,
      );
    });
  }

  test("a TERM ends it with 143, and its work is in the patch", async () => {
    await using run = await prepare(script("printf half > half.txt; echo waiting; exec sleep 60"));
    const program = run.pod.startAgent();
    await program.waitForOutput(/waiting/);
    program.kill("SIGTERM");
    const { code, stdout } = await program.ended;
    assert.equal(code, 143);
    assert.match(await run.pod.message(), /"stopped":true/);
    assert.match(await run.pod.read("/workspace-run/patch"), /half\.txt/);
    assert.equal(custom.parseOutput(stdout).text, "waiting");
  });

  test("a further attempt is told which session to go on with, and the task again", async () => {
    await using run = await prepare(script('echo "$AGENT_RESUME: $(cat)"'), {
      keepSession: true,
      resumeSession: "s-1",
      prompt: "Go",
    });
    assert.equal(custom.parseOutput((await run.pod.runAgent()).stdout).text, "s-1: Go");
  });
});
