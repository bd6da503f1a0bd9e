import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import packageInfo from "../package.json" with { type: "json" };
import { projectRoot } from "./support/project-files.ts";

const operator = readText("Dockerfile");
const agent = readText("images/agent/Dockerfile");

describe("the Dockerfiles", () => {
  it("have Node and the agents in the versions that the tests use", () => {
    const { node } = packageInfo.devDependencies;
    for (const text of [operator, agent]) assert.match(text, new RegExp(`^FROM node:${node}-`, "m"));
    assert.match(
      agent,
      argument("CLAUDE_CODE_VERSION", packageInfo.devDependencies["@anthropic-ai/claude-code"]),
    );
    assert.match(agent, argument("OPENCODE_VERSION", packageInfo.devDependencies["opencode-ai"]));
  });

  it("tag the version of this package", () => {
    for (const name of ["agent-operator", "agent-operator-git", "agent-operator-agent"])
      assert.ok((operator + agent).includes(`-t ${name}:${packageInfo.version} `), name);
  });

  it("end as an ordinary user and pin what they start from", () => {
    for (const text of [operator, agent]) {
      assert.match(text.match(/^USER .*$/gm)?.at(-1) ?? "", /^USER (?!0)\d+:\d+$/);
      for (const [, image = ""] of text.matchAll(/^FROM (\S+)/gm))
        assert.ok(!image.endsWith(":latest"), image);
    }
  });
});

function argument(name: string, value: string): RegExp {
  return new RegExp(`^ARG ${name}=${value.replaceAll(".", "\\.")}$`, "m");
}

function readText(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}
