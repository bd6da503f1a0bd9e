import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { FORGES, type ForgeKind } from "../../src/api/fields/publish.ts";
import { mintToken } from "../../src/forge/app-token.ts";
import { carryOutPullRequest } from "../../src/forge/pull-request.ts";
import { ForgeRefusal } from "../../src/forge/refusal.ts";
import { TokenRefusal } from "../../src/forge/token-refusal.ts";

const TOKEN = "t0ken-of-the-forge";
const COMMIT = "a".repeat(40);
const KEY = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

/** Answers every request in that way. */
async function hostile(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume();
    response.on("error", () => undefined);
    answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function json(value: unknown, status = 200) {
  return (response: ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof value === "string" ? value : JSON.stringify(value));
  };
}

function endless(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const more = (): void => {
    while (response.write(" ".repeat(65_536)));
    response.once("drain", more);
  };
  more();
}

/** One number, and another each time it is asked: a page that never comes to an end. */
let asked = 0;
const PULL = {
  number: 1,
  iid: 1,
  html_url: "https://x/1",
  web_url: "https://x/1",
  state: "open",
  title: "t",
  body: "b",
};
const REFS = { base: { ref: "main", repo_id: 1 }, head: { ref: "b", sha: COMMIT, repo_id: 1 } };
const WHOLE = {
  ...PULL,
  ...REFS,
  source_project_id: 1,
  target_project_id: 1,
  target_branch: "main",
  sha: COMMIT,
};

const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "a body without an end": endless,
  "a body that never comes": (response) => void response.writeHead(200).write("["),
  "no answer at all": () => undefined,
  "a bomb": (response) => {
    response.writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" });
    response.end(gzipSync(Buffer.alloc(32 * 1024 * 1024, " ")));
  },
  "a broken encoding": (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("not gzip"),
  "a hundred thousand brackets": json("[".repeat(100_000)),
  "a deep list": json(`${"[".repeat(50_000)}${"]".repeat(50_000)}`),
  "a deep error": json(`{"message":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, 422),
  nothing: json("null"),
  "a number": json("7"),
  "no pull requests": json([null, 7, "x", [], {}]),
  "half a pull request": json([{ ...PULL }]),
  "fields of other kinds": json([{ ...WHOLE, title: 7, body: {}, base: "main", head: [] }]),
  "a pull request without a number": json([{ ...WHOLE, number: "1; rm -rf /", iid: null }]),
  "an address that is none": json([{ ...WHOLE, html_url: "javascript:alert(1)", web_url: 7 }]),
  "an address with control characters": json([{ ...WHOLE, html_url: "\u001b[2Jx", web_url: "\u001b[2Jx" }]),
  "pages without an end": (response) =>
    json(Array.from({ length: 50 }, () => ({ ...WHOLE, head: { ...REFS.head, ref: `x${(asked += 1)}` } })))(
      response,
    ),
  "the token, and what a terminal obeys": json(
    { message: `${TOKEN} \u001b]0;x\u0007\u202e`, errors: [{ message: TOKEN }] },
    422,
  ),
  "a limit until the end of days": (response) => response.writeHead(429, { "retry-after": "1e308" }).end(),
  "a limit that is none": (response) =>
    response.writeHead(429, { "retry-after": "-5", "x-ratelimit-reset": "NaN" }).end(),
  "a status of its own": (response) => response.writeHead(299).end("{}"),
};

/** A clock that goes on only while it waits; a request may take less than the half minute that it has. */
function access() {
  let now = Date.now();
  const sleep = async (ms: number): Promise<void> => {
    now += ms;
  };
  const send: typeof fetch = (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(1_000) });
  return { deadline: now + 60_000, now: () => now, sleep, send };
}

/** Whatever is said gets into a status: no token, nothing that a terminal obeys. */
function isHarmless(message: string, secret = TOKEN): void {
  assert.ok(
    !message.includes(secret) && !message.includes("PRIVATE KEY") && !message.includes("eyJ"),
    message,
  );
  assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
  assert.ok(message.length < 2000, `${message.length} characters`);
}

function taskOf(forge: ForgeKind, apiURL: string) {
  const texts = { title: "t", body: "b", keepTitle: false, keepBody: false };
  const more = {
    project: "o/r",
    host: "127.0.0.1",
    branch: "b",
    draft: true,
    labels: ["l"],
    reviewers: ["ann"],
  };
  return { forge, apiURL, base: "main", ...texts, ...more };
}

for (const kind of FORGES)
  describe(`a ${kind} that answers with ill will`, { timeout: 120_000 }, () => {
    for (const [what, answer] of Object.entries(ANSWERS))
      it(`${what}: is an end with a reason, or a pull request`, async () => {
        await using server = await hostile(answer);
        const pushed = { commit: COMMIT, base: "main" };
        try {
          const done = await carryOutPullRequest(taskOf(kind, server.url), pushed, TOKEN, access());
          assert.ok(Number.isSafeInteger(done.number), JSON.stringify(done));
          assert.match(done.url, /^https?:/);
          isHarmless(done.problem ?? "");
        } catch (error) {
          assert.ok(error instanceof ForgeRefusal, error instanceof Error ? error.stack : String(error));
          isHarmless(error.message);
        }
      });
  });

describe("a GitHub that answers an App with ill will", { timeout: 120_000 }, () => {
  const app = { id: "1", installation: "2", privateKey: KEY };
  const task = { project: "o/r", host: "127.0.0.1", permissions: { contents: "read" } } as const;
  const more = {
    "a token for everything": json(
      { token: TOKEN, repositories: [{ full_name: "o/r" }, { full_name: "o/s" }] },
      201,
    ),
    "a token for what is none": json({ token: TOKEN, repositories: [{ full_name: 7 }] }, 201),
    "a token that is a list": json({ token: [TOKEN], repositories: [{ full_name: "o/r" }] }, 201),
    "a token with a line end": json(
      { token: `${TOKEN}\nhost=evil`, repositories: [{ full_name: "o/r" }] },
      201,
    ),
  };
  for (const [what, answer] of Object.entries({ ...ANSWERS, ...more }))
    it(`${what}: is an end with a reason`, async () => {
      await using server = await hostile(answer);
      await assert.rejects(mintToken({ ...app, baseURL: server.url }, task, access()), (error) => {
        assert.ok(error instanceof TokenRefusal, error instanceof Error ? error.stack : String(error));
        // What it says is no secret of the App's.
        isHarmless(error.message, KEY.slice(40, 80));
        return true;
      });
    });
});
