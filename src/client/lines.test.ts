import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineSplitter } from "./lines.ts";

test("lines come out the same wherever the stream is cut", () => {
  const text = '{"a":1}\n{"text":"grüße 😀"}\n\n{"b":2}\n';
  const bytes = Buffer.from(text, "utf8");
  for (let size = 1; size <= bytes.length; size += 1) {
    const splitter = createLineSplitter();
    const lines: string[] = [];
    for (let start = 0; start < bytes.length; start += size) {
      lines.push(...splitter.push(bytes.subarray(start, start + size)));
    }
    assert.deepEqual(lines, text.split("\n").slice(0, -1), `in chunks of ${size}`);
  }
});

test("what has no newline yet is not a line", () => {
  const splitter = createLineSplitter();
  assert.deepEqual(splitter.push(Buffer.from('{"cut":')), []);
  assert.deepEqual(splitter.push(Buffer.from("1}\n{")), ['{"cut":1}']);
});

test("a long line is whole, and so is what follows it", () => {
  const splitter = createLineSplitter();
  const long = "x".repeat(700_000);
  const bytes = Buffer.from(`{"a":"${long}"}\n{"b":1}\n`);
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += 16_384)
    lines.push(...splitter.push(bytes.subarray(start, start + 16_384)));
  assert.deepEqual(lines, [`{"a":"${long}"}`, '{"b":1}']);
});
