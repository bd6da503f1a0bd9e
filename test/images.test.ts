import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { agentOfType } from "../src/agents/registry.ts";
import { NAMED_AGENTS } from "../src/api/agent-types.ts";
import packageInfo from "../package.json" with { type: "json" };
import { importsOf } from "./support/house-rules.ts";
import { projectRoot, readProjectFiles } from "./support/project-files.ts";

const operator = readText("Dockerfile");
const agent = readText("images/agent/Dockerfile");
const guide = readText("docs/guide/agents.md");

describe("the Dockerfiles", () => {
  it("have Node and the agents in the versions that the tests use", () => {
    const { node } = packageInfo.devDependencies;
    for (const text of [operator, agent]) assert.match(text, new RegExp(`^FROM node:${node}-`, "m"));
    const packages: Readonly<Record<string, string>> = packageInfo.devDependencies;
    for (const type of NAMED_AGENTS) {
      const { cli, npmPackage = "" } = agentOfType(type).entrypoint;
      const [, name = "", version = ""] = /^(.+)@(.+)$/.exec(npmPackage) ?? [];
      assert.equal(packages[name], version, name);
      const [, variable = ""] = agent.match(new RegExp(`"${name}@\\$(\\w+)"`)) ?? [];
      assert.match(agent, argument(variable, version), name);
      assert.match(agent, new RegExp(`^ && ${cli} --version( \\\\)?$`, "m"));
      assert.ok(guide.includes(` ${npmPackage}`), `the guide's image has not ${npmPackage}`);
    }
  });

  it("bundle the operator from the packages that its sources import", () => {
    const [, kept = ""] = /^RUN kept='\^\((.*)\)\$'/m.exec(operator) ?? [];
    const imported = [...readProjectFiles(["src"], ".ts"), ...readProjectFiles(["src"], ".tsx")]
      .filter(({ path }) => !path.endsWith(".test.ts") && path !== "src/cli/packed.ts")
      .flatMap(({ text }) => importsOf(text).filter(({ when }) => when !== "type"))
      .map(({ specifier }) => /^(?![.]|node:)(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0])
      .filter((name) => name !== undefined);
    assert.deepEqual(kept.split("|").toSorted(), [...new Set([...imported, "esbuild", "vite"])].toSorted());
  });

  it("tag the version of this package", () => {
    for (const name of ["agent-operator", "agent-operator-git", "agent-operator-agent"])
      assert.ok((operator + agent).includes(`-t ${name}:${packageInfo.version} `), name);
  });

  it("end as an ordinary user", () => {
    for (const text of [operator, agent])
      assert.match(text.match(/^USER .*$/gm)?.at(-1) ?? "", /^USER (?!0)\d+:\d+$/);
  });

  it("start from images by tag and digest, the same one for a tag, and Dependabot renews them", () => {
    const digests = new Map<string, string>();
    for (const text of [operator, agent]) {
      const stages = [...text.matchAll(/ AS (\w+)$/gm)].map(([, name]) => name);
      const images = [...text.matchAll(/^FROM (\S+)/gm)].map(([, image = ""]) => image);
      for (const image of images.filter((name) => !stages.includes(name))) {
        const [, tag = "", digest = ""] = /^(.+:.+)@sha256:([0-9a-f]{64})$/.exec(image) ?? [];
        assert.ok(digest, image);
        assert.equal(digests.get(tag) ?? digest, digest, tag);
        digests.set(tag, digest);
      }
    }
    assert.match(
      readText(".github/dependabot.yml"),
      /package-ecosystem: docker\n {4}directories: \[\/, \/images\/agent\]/,
    );
  });

  it("install nothing from a registry of npm that no lock file or version names", () => {
    assert.doesNotMatch(operator, /npm install [^\n]*\S@/);
    assert.match(operator, /^COPY package\.json package-lock\.json \.\/$/m);
  });
});

function argument(name: string, value: string): RegExp {
  return new RegExp(`^ARG ${name}=${value.replaceAll(".", "\\.")}$`, "m");
}

function readText(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}
