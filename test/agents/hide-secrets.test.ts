import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { CONTRACT } from "../../src/plan/specs/scripts.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const SCRIPT =
  'scripts=$0; . "$0/common.sh"; . "$0/hide-secrets.sh"\nmake_private\ncollect_secrets\nhide_secrets | cat\n';

/** What is written of `text` where a variable and a file are secret. */
async function hidden(text: string, secrets: { variable?: string; file?: string }): Promise<string> {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "secret");
  await writeFile(file, secrets.file ?? "");
  return await runOk("dash", ["-c", SCRIPT, join(projectRoot, "images/agent/scripts")], {
    input: text,
    env: {
      PATH: "/usr/bin:/bin",
      TMPDIR: directory.path,
      AGENT_CONTRACT: CONTRACT,
      SECRET: secrets.variable ?? "",
      AGENT_SECRET_NAMES: "SECRET",
      AGENT_SECRET_FILES: `${file} ${join(directory.path, "absent")}`,
    },
  });
}

/** So many that they are looked up by how they begin. */
const MANY = Array.from({ length: 1200 }, (_, index) => `line ${index} of the secret task`);

describe("what is secret", { concurrency: 2 }, () => {
  const cases: [string, string, { variable?: string; file?: string }, string][] = [
    [
      "is hidden wherever it stands",
      "a sk-12345678, sk-12345678\n",
      { variable: "sk-12345678" },
      "a ***, ***\n",
    ],
    [
      "is hidden from eight characters on",
      "secret7 secrets8\n",
      { file: "secret7\nsecrets8\n" },
      "secret7 ***\n",
    ],
    [
      "is hidden line by line, whatever stands around them",
      "- first line\nand last line.\n",
      { file: "  first line  \n\n\tlast line" },
      "- ***\nand ***.\n",
    ],
    [
      "is hidden as JSON has it",
      String.raw`{"t":"say \"hi\\there\"\tnow\nnext line"}` + "\n",
      { file: 'say "hi\\there"\tnow\nnext line\n' },
      String.raw`{"t":"***\n***"}` + "\n",
    ],
    [
      "leaves nothing of a longer one",
      "x token-of-ten-and-more y\n",
      { variable: "token-of-ten\ntoken-of-ten-and-more" },
      "x *** y\n",
    ],
    ["leaves nothing of two that overlap", "abcdefghijkl\n", { file: "abcdefgh\nefghijkl\n" }, "***\n"],
    [
      "is hidden between what is no ASCII",
      "ü geheime ü Zeile ü\n",
      { variable: "geheime ü Zeile" },
      "ü *** ü\n",
    ],
    [
      "may be a long text",
      `so ${MANY[0]}, ${MANY[1199]}!\nline 7 of another task\n`,
      { file: MANY.join("\n") },
      "so ***, ***!\nline 7 of another task\n",
    ],
    [
      "are no lines that only rule off",
      "----------\n| ======== |\nГеоргий И.\n",
      { file: "----------\n ======== \nГеоргий И.\n" },
      "----------\n| ======== |\n***\n",
    ],
    [
      "is hidden where a NUL byte stands in it, and joins no lines",
      "a sk-12345\u0000678 b\n\u0000c\n",
      { variable: "sk-12345678" },
      "a *** b\nc\n",
    ],
    [
      "is hidden in a line without an end, which gets one",
      "sk-12345678",
      { variable: "sk-12345678" },
      "***\n",
    ],
    [
      "is hidden where pieces of a long line meet",
      `${"x".repeat(65530)}sk-12345678${"y".repeat(131070)}sk-12345678\n`,
      { variable: "sk-12345678" },
      `${"x".repeat(65530)}***${"y".repeat(131070)}***\n`,
    ],
    [
      "may be a key of many lines",
      "b3BlbnNzaC1rZXktdjEAAAAA\\nQyNTUxOQAAACDf\n",
      { file: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nQyNTUxOQAAACDf\n" },
      "***\\n***\n",
    ],
    ["may be nothing", "as it was\n", {}, "as it was\n"],
  ];
  for (const [what, text, secrets, written] of cases) {
    test(what, async () => assert.equal(await hidden(text, secrets), written));
  }
});
