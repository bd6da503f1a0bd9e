import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, printableLine, printableValue } from "./printable.ts";

test("of hostile text stays what can be shown", () => {
  const cases: [string, string][] = [
    ["as it was: ü 日本 👩‍👩‍👧 \t\n", "as it was: ü 日本 👩‍👩‍👧 \t\n"],
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["\u009b2Jgone", "gone"],
    ["\u001b]0;title\u0007after\u001b]8;;http://x\u001b\\link", "afterlink"],
    ["\u001bcreset \u001b(0", "reset "],
    ["cut \u001b[", "cut "],
    ["one\r\ntwo\rthree", "one\ntwo\nthree"],
    ["nul\u0000 bell\u0007 del\u007f nel\u0085", "nul\ufffd bell\ufffd del\ufffd nel\ufffd"],
    ["\u202egnp.exe\u2066\u200f\u061c", "\ufffdgnp.exe\ufffd\ufffd\ufffd"],
    [`half ${String.fromCharCode(0xd83d)} of`, "half \ufffd of"],
    ["line\u2028par\u2029 bom\ufeff", "line\ufffdpar\ufffd bom\ufffd"],
  ];
  for (const [text, shown] of cases) {
    assert.equal(printable(text), shown);
    assert.equal(printable(shown), shown);
  }
  assert.equal(printableLine("a\n\tb\r\nc"), "a b c");
});

test("of a value every text is shown, in lines only where it is a message", () => {
  const hostile = "a\u001b[2J\nb\u202e";
  assert.deepEqual(
    printableValue({
      branch: hostile,
      message: hostile,
      list: [hostile, 1, null, { text: hostile }],
      gone: undefined,
    }),
    {
      branch: "a b\ufffd",
      message: "a\nb\ufffd",
      list: ["a b\ufffd", 1, null, { text: "a\nb\ufffd" }],
      gone: undefined,
    },
  );
});
