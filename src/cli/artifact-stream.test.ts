import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { readArtifacts } from "./artifact-stream.ts";

function sent(name: string, content: string): string {
  const lines =
    gzipSync(content)
      .toString("base64")
      .match(/.{1,20}/g) ?? [];
  return `agent-operator-file ${name}\n${lines.join("\n")}\nagent-operator-end ${name}\n`;
}

describe("readArtifacts", () => {
  it("gives each file as it was, and tells which is not there", () => {
    const log = `${sent("patch", "diff\0ü\n")}agent-operator-missing log\n${sent("transcript", "")}`;
    const { files, cut } = readArtifacts(log, ["patch", "transcript", "log"]);
    assert.equal(files.get("patch")?.toString(), "diff\0ü\n");
    assert.equal(files.get("transcript")?.toString(), "");
    assert.deepEqual([files.has("log"), files.get("log"), cut], [true, undefined, []]);
  });

  it("tells of which only the beginning was sent", () => {
    const log = sent("log", "begin").replace(
      "agent-operator-end",
      "agent-operator-cut log\nagent-operator-end",
    );
    const { files, cut } = readArtifacts(log, ["log"]);
    assert.deepEqual([files.get("log")?.toString(), cut], ["begin", ["log"]]);
  });

  it("says so where the log breaks off", () => {
    const log = sent("patch", "diff").split("\n").slice(0, -2).join("\n");
    assert.throws(() => readArtifacts(log, ["patch"]), /the pod ended before it had sent the patch/);
  });

  it("says so where a line was lost", () => {
    const lines = sent("log", "some text that is long enough to take more than one line").split("\n");
    assert.throws(() => readArtifacts(lines.toSpliced(2, 1).join("\n"), ["log"]), /did not arrive whole/);
  });
});
