import assert from "node:assert/strict";
import { test } from "node:test";
import { shownLines, storedLines, type LogPieces } from "./log-lines.ts";

const now = new Date("2026-01-01T00:00:00.123Z");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = ({ pieces }: LogPieces): string => Buffer.concat(pieces).toString();

test("whole lines are stored; what has no end yet is kept back", () => {
  const lines = storedLines(bytes("one\ntwo\nthr"), "stderr", now);
  const stamp = "2026-01-01T00:00:00.123000000Z";
  assert.equal(textOf(lines), `${stamp} stderr F one\n${stamp} stderr F two\n`);
  assert.equal(Buffer.from(lines.rest).toString(), "thr");
});

test("a line of 16 KiB is whole, a longer one is stored in parts and shown as one", () => {
  const [fits, long] = ["x".repeat(16_384), "y".repeat(16_385)];
  const stored = storedLines(bytes(`${fits}\n${long}\n`), "stdout", now);
  const tags = textOf(stored)
    .split("\n")
    .map((line) => line.split(" ")[2]);
  assert.deepEqual(tags, ["F", "P", "F", undefined]);
  const shown = shownLines(Buffer.concat(stored.pieces), { timestamps: false });
  assert.equal(textOf(shown), `${fits}\n${long}\n`);
});

test("time stamps and since; half a stored line is not shown", () => {
  const early = storedLines(bytes("early\n"), "stdout", new Date(0));
  const late = storedLines(bytes("late\n"), "stdout", now);
  const stored = Buffer.concat([...early.pieces, ...late.pieces, bytes("2026-01-01T")]);
  const shown = shownLines(stored, { timestamps: true, sinceMs: now.getTime() });
  assert.equal(textOf(shown), "2026-01-01T00:00:00.123000000Z late\n");
  assert.equal(Buffer.from(shown.rest).toString(), "2026-01-01T");
});
