import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { printable } from "../kube/printable.ts";
import { createOutput } from "./output.ts";

const HOSTILE = "a\u001b[2Jb\u001b]0;title\u0007c\u202ed\u0000e\u001b[8mf\u009b1mg";

/** What is written on standard output and standard error. */
function outputOf(isTTY: boolean, write: (out: ReturnType<typeof createOutput>) => void): string[] {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  write(createOutput(Object.assign(stdout, { isTTY }), stderr, { noColor: false }, printable));
  return [stdout, stderr].map((stream) => String((stream.read() as Buffer | null) ?? ""));
}

describe("what a command shows", () => {
  for (const isTTY of [false, true])
    it(`holds nothing that a terminal obeys, whoever wrote it, ${isTTY ? "on a terminal" : "in a file"}`, () => {
      const [stdout, stderr] = outputOf(isTTY, (out) => {
        out.line(HOSTILE);
        out.error(HOSTILE);
      });
      for (const text of [stdout, stderr]) assert.equal(text, "abc\ufffdd\ufffdefg\n");
    });

  it("keeps its own styles on a terminal, and what they are put around is text", () => {
    const show = (isTTY: boolean): string | undefined =>
      outputOf(isTTY, (out) => out.line(`${out.style("red", "no\u001b[2J!")} ok`))[0];
    assert.equal(show(true), "\u001b[31mno!\u001b[39m ok\n");
    assert.equal(show(false), "no! ok\n");
  });

  it("gives files and pipes what was written exactly, and shows it on a terminal as everything else", () => {
    const bytes = Buffer.from(`${HOSTILE}é`);
    const put = (isTTY: boolean): string | undefined =>
      outputOf(isTTY, (out) => {
        out.write(HOSTILE);
        // In the middle of a character.
        out.writeBytes(bytes.subarray(0, -1));
        out.writeBytes(bytes.subarray(-1));
      })[0];
    assert.equal(put(false), `${HOSTILE}${HOSTILE}é`);
    assert.equal(put(true), "abc\ufffdd\ufffdefgabc\ufffdd\ufffdefgé");
  });

  it("keeps lines, tabs and every script", () => {
    const text = "one\n\ttwo é 漢字 👩‍💻 नमस्ते";
    assert.deepEqual(outputOf(true, (out) => out.line(text))[0], `${text}\n`);
  });
});
