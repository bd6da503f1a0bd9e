import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { neutralBlock, neutralTitle } from "./neutral-text.ts";

/** What a forge would obey, show otherwise than it is, or not show. */
const HOSTILE: Readonly<Record<string, string>> = {
  "a mention": "thanks @octocat and @team/core, mail me@example.com",
  "a mention in a word": "x@octocat\uFE0F @\u200Boctocat",
  "a closing word": "Fixes #1, closes team/repo#2, Resolves GH-3, fixes gl-4, closes JIRA-5",
  "a closing URL": "Closes https://github.com/team/repo/issues/1 and HTTPS://gitlab.com/a/b/-/issues/2",
  "GitLab's references": 'fix !1 &2 $3 %4 %"next" ~bug ~"two words" [issue:5] [vulnerability:6] *iteration:1',
  "GitLab's commands": "/merge\n/close\n  /approve\n/assign @ann",
  "a comment":
    "seen <!-- not seen --> seen <img src=x onerror=alert(1)> <details><summary>x</summary>hidden</details>",
  "an end of the block": "````\n@octocat\n``````\nfixes #1\n~~~~\n# Title",
  Markdown: "# Title\n[click](javascript:alert(1)) ![x](http://evil/x.png) `code` | a | b |\n---\n> quote",
  "invisible characters":
    "a\u200Bb\u202Ec\u2066d\uFEFFe\u00ADf\u{E0041}\u{E0001}g\u115Fh\u3164i\u180Ej\u2800k",
  controls: "a\u0000b\u001B[31mc\u0007d\u009Be\u0085f\u2028g\u2029h",
  "what is out of sight": `seen${" ".repeat(500)}not seen${"\n".repeat(500)}nor this`,
  "a pile of marks": `a${"\u0301".repeat(300)}`,
  "half a character": "a\uD800b",
  JSON: '"},"draft":false,"x":{"y":"\\u0000',
};

/** What no text of an agent's may still hold. */
const OBEYED: readonly RegExp[] = [
  /@/,
  /[#!&$%~](?=["\w])/,
  /\b[A-Za-z]\w*-\d/,
  /:\/\//,
  /^\s*\/\w/m,
  /<[!/?A-Za-z]/,
  /\[\w+:/,
  /(?!\n)[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u,
  / {17}/,
  /\n{4}/,
  /\p{M}{5}/u,
];

describe("text of an agent", () => {
  for (const [what, text] of Object.entries(HOSTILE)) {
    it(`does nothing as a block: ${what}`, () => {
      const block = neutralBlock(text);
      const [, fence = "", inside = ""] = /^(`{3,})text\n([^]*)\n\1$/.exec(block) ?? [];
      assert.ok(fence !== "", block);
      assert.ok(!inside.includes(fence), "it ends where it says");
      for (const pattern of OBEYED) assert.doesNotMatch(inside, pattern);
    });

    it(`does nothing as a title: ${what}`, () => {
      const title = neutralTitle(text);
      for (const pattern of [...OBEYED, /\n/, /[`<>]/]) assert.doesNotMatch(title, pattern);
      assert.ok([...title].length <= 120);
    });
  }

  it("stays what it is if it does nothing", () => {
    const text = "Fixed the login: `parse()` now takes a list (3 tests).\n\n- one\n- two";
    assert.equal(neutralBlock(text), `\`\`\`text\n${text}\n\`\`\``);
    assert.equal(neutralTitle("\n  Fix the login \nmore"), "Fix the login");
    assert.equal(neutralTitle("Draft: WIP: [wip] Fix"), "Fix");
  });

  it("is nothing if nobody sees anything of it", () => {
    for (const text of ["", " \n\t", "\u200B\u2800\u3164"]) {
      assert.equal(neutralBlock(text), "");
      assert.equal(neutralTitle(text), "");
    }
  });

  it("is bounded", () => {
    const block = neutralBlock("word ".repeat(100_000));
    assert.ok(block.length < 4_200);
    assert.ok(block.split("\n").every((line) => line.length <= 200));
    assert.ok(neutralBlock(`${"`".repeat(100_000)}x`).length < 10_000);
  });
});
