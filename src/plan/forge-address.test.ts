import assert from "node:assert/strict";
import { it } from "node:test";
import type { ForgeKind } from "../api/fields/publish.ts";
import { forgeAddress } from "./forge-address.ts";

const FOUND: [url: string, given: { forge?: ForgeKind; apiURL?: string }, address: string][] = [
  ["https://github.com/o/r.git", {}, "GitHub https://api.github.com o/r github.com"],
  ["https://me@GitHub.com/o/r/", {}, "GitHub https://api.github.com o/r github.com"],
  ["git@github.com:o/r.git", {}, "GitHub https://api.github.com o/r github.com"],
  ["ssh://git@ssh.github.com:443/o/r", {}, "GitHub https://api.github.com o/r ssh.github.com"],
  ["https://gitlab.com/g/sub/r", {}, "GitLab https://gitlab.com/api/v4 g/sub/r gitlab.com"],
  ["git@gitlab.com:g/sub/r.git", {}, "GitLab https://gitlab.com/api/v4 g/sub/r gitlab.com"],
  [
    "https://git.example.com:8443/o/r",
    { forge: "GitHub" },
    "GitHub https://git.example.com:8443/api/v3 o/r git.example.com:8443",
  ],
  ["http://127.0.0.1:3000/o/r", { forge: "Gitea" }, "Gitea http://127.0.0.1:3000/api/v1 o/r 127.0.0.1:3000"],
  [
    "ssh://git@git.example.com:2222/o/r",
    { forge: "Gitea" },
    "Gitea https://git.example.com/api/v1 o/r git.example.com",
  ],
  [
    "https://example.com/git/o/r",
    { forge: "Gitea", apiURL: "https://example.com/git/api/v1/" },
    "Gitea https://example.com/git/api/v1 o/r example.com",
  ],
  [
    "https://example.com/gitlab/g/r",
    { forge: "GitLab", apiURL: "https://example.com/gitlab/api/v4" },
    "GitLab https://example.com/gitlab/api/v4 g/r example.com",
  ],
  [
    "git@mirror.example.com:o/r",
    { forge: "GitHub", apiURL: "https://api.example.com" },
    "GitHub https://api.example.com o/r mirror.example.com",
  ],
];

for (const [url, given, expected] of FOUND) {
  it(`finds the forge of ${url}`, () => {
    const { forge, apiURL, project, host } = forgeAddress(url, given) ?? {};
    assert.equal([forge, apiURL, project, host].join(" "), expected);
  });
}

it("finds none if the URL does not say which, or names no repository there", () => {
  for (const url of [
    "https://git.example.com/o/r",
    "https://github.com.evil.com/o/r",
    "https://evil.com/@github.com/o/r",
  ])
    assert.equal(forgeAddress(url), undefined, url);
  for (const url of [
    "file:///srv/r.git",
    "git://github.com/o/r",
    "https://github.com/o",
    "https://github.com/o/r/x",
    "https://github.com/../r",
  ])
    assert.equal(forgeAddress(url, { forge: "GitHub" }), undefined, url);
});
