import assert from "node:assert/strict";
import { it } from "node:test";
import { tokenIn } from "./credential.ts";

const HOST = "git.example.com:8443";

const TOKENS: [credential: string, token: string][] = [
  ["t0ken\r\n", "t0ken"],
  ["\uFEFF  t0ken  \n\n", "t0ken"],
  ["me:t0ken", "t0ken"],
  ["me:t0k:en", "t0k:en"],
  [`me:t0ken@${HOST}`, "t0ken"],
  ["t0ken@git.example.com", "t0ken"],
  [`https://me:wrong@other.example.com\nhttps://me:t0k%25en@${HOST}\n`, "t0k%en"],
  [`https://t0ken@${HOST}/path`, "t0ken"],
];

for (const [credential, token] of TOKENS) {
  it(`finds the token in ${JSON.stringify(credential)}`, () =>
    assert.equal(tokenIn(credential, HOST), token));
}

it("finds none in an SSH key, in nothing, and for another host; the message has no secret", () => {
  const secrets = [
    "",
    "\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n",
    "https://me:s3cret@other.example.com",
    "s3cret\u00e9",
  ];
  for (const credential of secrets) {
    assert.throws(
      () => tokenIn(credential, HOST),
      (error) => {
        assert.ok(error instanceof Error);
        assert.doesNotMatch(error.message, /s3cret|c2VjcmV0/);
        return true;
      },
    );
  }
});
