import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { AppTokenTask } from "../../src/plan/specs/app-token-task.ts";
import { type LoopbackForge, startForge } from "../support/forge/forge.ts";
import type { LoopbackApp } from "../support/forge/github-app.ts";
import { projectRoot } from "../support/project-files.ts";
import { type RunningProgram, start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const TOKEN = "ghs_minted0000";
const TASK: AppTokenTask = { project: "team/repo", host: "127.0.0.1", permissions: { contents: "read" } };
/** At which the container is killed, from its start to its end. */
const MOMENTS = 20;

describe("the container token", { timeout: 240_000 }, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let forge: LoopbackForge;
  let app: LoopbackApp;
  const path = (name: string): string => join(directory.path, name);

  before(async () => {
    directory = await temporaryDirectory();
  });
  beforeEach(async () => {
    await forge?.[Symbol.asyncDispose]();
    app = {
      id: "12",
      installation: "345",
      publicKey,
      repositories: ["team/repo"],
      permissions: { contents: "write", pull_requests: "write" },
      token: TOKEN,
      slug: "agents",
    };
    forge = await startForge({
      kind: "GitHub",
      project: "team/repo",
      token: "other",
      commitOf: async () => undefined,
      app,
    });
    for (const name of ["app", "out"]) {
      await rm(path(name), { recursive: true, force: true });
      await mkdir(path(name));
    }
    await writeFile(path("app/githubAppID"), "12\n");
    await writeFile(path("app/githubAppInstallationID"), "345\n");
    await writeFile(path("app/githubAppPrivateKey"), PEM);
  });
  after(async () => {
    await forge[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  function begin(task: Partial<AppTokenTask> = {}, env: Record<string, string> = {}): RunningProgram {
    return start("node", [join(projectRoot, "src/cli/forge-step.ts"), "token"], {
      env: {
        PATH: process.env["PATH"],
        AGENT_TERMINATION_LOG: path("termination-log"),
        AGENT_APP_TOKEN: JSON.stringify({ ...TASK, ...task }),
        AGENT_GITHUB_APP: path("app"),
        AGENT_GITHUB_APP_URL: forge.apiURL,
        AGENT_GIT_CREDENTIALS: path("out"),
        ...env,
      },
      timeoutMs: 60_000,
    });
  }

  async function run(task: Partial<AppTokenTask> = {}, env: Record<string, string> = {}) {
    await rm(path("termination-log"), { force: true });
    const { code, stdout, stderr } = await begin(task, env).ended;
    const message = await readFile(path("termination-log"), "utf8").catch(() => "{}");
    const shown = stdout + stderr + message;
    assert.ok(!shown.includes(TOKEN) && !shown.includes("eyJ") && !shown.includes("PRIVATE KEY"), shown);
    return { code, shown, report: JSON.parse(message) as { reason?: string; message?: string } };
  }

  /** What GitHub was asked for, request by request. */
  const asked = () => forge.requests.map(({ body }) => [body?.["repositories"], body?.["permissions"]]);

  it("leaves a token that is for the one repository and for reading, and where it is from", async () => {
    const { code, shown } = await run();
    assert.equal(code, 0, shown);
    assert.equal(await readFile(path("out/credential"), "utf8"), `x-access-token:${TOKEN}\n`);
    assert.equal(await readFile(path("out/api-url"), "utf8"), forge.apiURL);
    assert.deepEqual(asked(), [[["repo"], { contents: "read" }]]);
    assert.deepEqual(forge.breaches, []);
  });

  it("takes the key in PKCS#8 too", async () => {
    await writeFile(path("app/githubAppPrivateKey"), privateKey.export({ type: "pkcs8", format: "pem" }));
    assert.equal((await run()).code, 0);
  });

  it("does without what is only wished for if the App does not have it", async () => {
    const { code, shown } = await run({ permissions: { contents: "write" }, wished: { workflows: "write" } });
    assert.equal(code, 0, shown);
    assert.deepEqual(
      asked().map(([, permissions]) => permissions),
      [{ contents: "write", workflows: "write" }, { contents: "write" }],
    );
  });

  const refusals: [what: string, change: () => unknown, reason: string, words: RegExp][] = [
    [
      "a permission that the App lacks",
      () => (app.permissions = { contents: "read" }),
      "GitHubAppRefused",
      /422: The permissions requested are not granted/,
    ],
    [
      "a repository that it is not installed on",
      () => (app.repositories = ["team/other"]),
      "GitHubAppRefused",
      /422: There is at least one repository that does not exist/,
    ],
    [
      "a repository of that name and of somebody else",
      () => (app.repositories = ["others/repo"]),
      "GitHubAppRefused",
      /of the same name/,
    ],
    ["an installation that is gone", () => (app.installation = "9"), "GitHubAppRefused", /404: Not Found/],
    [
      "one that is suspended",
      () => (app.isSuspended = true),
      "GitHubAppRefused",
      /403: This installation has been suspended/,
    ],
    [
      "a key that is not the App's",
      () => (app.publicKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey),
      "GitHubAppInvalid",
      /401: A JSON web token could not be decoded/,
    ],
    ["the ID of another App", () => (app.id = "13"), "GitHubAppInvalid", /401: Integration not found/],
    [
      "a key that is none",
      () => writeFile(path("app/githubAppPrivateKey"), "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"),
      "GitHubAppInvalid",
      /githubAppPrivateKey is not the RSA key/,
    ],
    [
      "a key in the place of an ID",
      () => writeFile(path("app/githubAppInstallationID"), PEM),
      "GitHubAppInvalid",
      /githubAppInstallationID is not what GitHub shows/,
    ],
    [
      "an answer that is not the API's",
      () => (forge.fault = () => ({ status: 201, body: [] })),
      "GitHubTokenFailed",
      /no token/,
    ],
    [
      "a token of two lines",
      () => (forge.fault = () => ({ status: 201, body: { token: "a\nb", repositories: [] } })),
      "GitHubTokenFailed",
      /no token/,
    ],
    [
      "a limit that lasts",
      () =>
        (forge.fault = () => ({
          status: 403,
          headers: { "retry-after": "3600" },
          body: { message: "secondary rate limit" },
        })),
      "GitHubTokenFailed",
      /secondary rate limit; the forge takes requests again/,
    ],
  ];
  for (const [what, change, reason, words] of refusals)
    it(`reports ${what}, in GitHub's own words`, async () => {
      await change();
      const { code, report, shown } = await run({ permissions: { contents: "write" } });
      assert.equal(report.reason, reason, shown);
      assert.match(report.message ?? "", words);
      assert.equal(code, reason === "GitHubTokenFailed" ? 1 : 64);
      await assert.rejects(stat(path("out/credential")));
    });

  it("asks nobody if the App is one of another host than the repository", async () => {
    for (const [host, env] of [
      ["git.example.com", {}],
      ["127.0.0.1.example.com", {}],
      ["git.example.com", { AGENT_GITHUB_APP_URL: "" }],
      ["127.0.0.1", { AGENT_GITHUB_APP_URL: `${forge.apiURL.replace("//", "//user:word@")}` }],
      ["127.0.0.1", { AGENT_GITHUB_APP_URL: "file:///etc/passwd" }],
    ] as const) {
      const { report, shown } = await run({ host }, env);
      assert.equal(report.reason, "GitHubAppInvalid", shown);
    }
    assert.deepEqual(forge.requests, []);
  });

  it("sends the App's own token to no other host", async () => {
    const got: unknown[] = [];
    const other = createServer((request, response) => {
      got.push(request.headers);
      response.end("{}");
    }).listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const location = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
    for (const status of [301, 302, 307, 308]) {
      forge.fault = () => ({ status, headers: { location } });
      assert.equal((await run()).report.reason, "GitHubAppRefused");
    }
    other.close();
    assert.deepEqual(got, []);
  });

  it("leaves a whole token or none if it was killed at any moment", async () => {
    const began = performance.now();
    await run();
    const tookMs = performance.now() - began;
    for (let moment = 0; moment < MOMENTS; moment += 1) {
      await rm(path("out/credential"), { force: true });
      const program = begin();
      await sleep(((moment + Math.random()) / MOMENTS) * tookMs);
      program.kill("SIGKILL");
      await program.ended;
      const { code, shown } = await run();
      assert.equal(code, 0, shown);
      assert.equal(await readFile(path("out/credential"), "utf8"), `x-access-token:${TOKEN}\n`);
    }
  });
});
