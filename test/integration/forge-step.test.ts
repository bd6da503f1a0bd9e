import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, beforeEach, describe, it } from "node:test";
import { loadPki } from "../../src/devcluster/pki.ts";
import type { PullRequestTask } from "../../src/plan/specs/pull-request-task.ts";
import { type LoopbackForge, startForge } from "../support/forge/forge.ts";
import { projectRoot } from "../support/project-files.ts";
import { type RunningProgram, start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const TOKEN = "t0ken-of-the-forge";
const COMMIT = "a".repeat(40);
/** At which the container is killed, from its start to its end. */
const MOMENTS = 20;

describe("the container pull-request", { timeout: 300_000 }, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let forge: LoopbackForge;

  before(async () => {
    directory = await temporaryDirectory();
    await mkdir(join(directory.path, "pushed"));
    await writeFile(join(directory.path, "token"), `me:${TOKEN}\n`);
  });
  beforeEach(async () => {
    await rm(join(directory.path, "pushed/pushed"), { force: true });
    await writeFile(join(directory.path, "pushed/pushed"), `${COMMIT}\nmain\n`);
    await forge?.[Symbol.asyncDispose]();
    forge = await aForge();
  });
  after(async () => {
    await forge[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const aForge = (tls?: { key: string; cert: string }): Promise<LoopbackForge> =>
    startForge({
      kind: "GitHub",
      project: "team/repo",
      token: TOKEN,
      commitOf: async () => COMMIT,
      ...(tls && { tls }),
    });

  function begin(changes: Partial<PullRequestTask> = {}, env: Record<string, string> = {}): RunningProgram {
    const task: PullRequestTask = {
      forge: "GitHub",
      apiURL: forge.apiURL,
      project: "team/repo",
      host: "127.0.0.1",
      branch: "agent/fix",
      title: "Fix",
      body: "Done.",
      keepTitle: false,
      keepBody: false,
      draft: true,
      labels: [],
      reviewers: [],
      ...changes,
    };
    return start("node", [join(projectRoot, "src/cli/forge-step.ts"), "pull-request"], {
      env: {
        PATH: process.env["PATH"],
        AGENT_TERMINATION_LOG: join(directory.path, "termination-log"),
        AGENT_PULL_REQUEST: JSON.stringify(task),
        AGENT_PUSHED: join(directory.path, "pushed"),
        AGENT_FORGE_TOKEN: join(directory.path, "token"),
        ...env,
      },
      timeoutMs: 30_000,
    });
  }

  async function run(changes: Partial<PullRequestTask> = {}, env: Record<string, string> = {}) {
    await rm(join(directory.path, "termination-log"), { force: true });
    const { code, stdout, stderr } = await begin(changes, env).ended;
    const message = await readFile(join(directory.path, "termination-log"), "utf8").catch(() => "{}");
    return { code, shown: stdout + stderr, report: JSON.parse(message) as Record<string, unknown> };
  }

  it("opens the pull request of what was pushed, and reports it", async () => {
    const { code, report, shown } = await run();
    assert.equal(code, 0, shown);
    const url = `${forge.url}/team/repo/pull/1`;
    assert.deepEqual(report, { type: "agent-operator", commit: COMMIT, number: 1, url });
    assert.deepEqual([forge.pulls[0]?.base, forge.breaches], ["main", []]);
  });

  it("does nothing if nothing was pushed", async () => {
    await rm(join(directory.path, "pushed/pushed"));
    assert.deepEqual((await run()).report, { type: "agent-operator", nothing: true });
    assert.deepEqual(forge.requests, []);
  });

  it("reads no link as what was pushed", async () => {
    await rm(join(directory.path, "pushed/pushed"));
    await symlink(join(directory.path, "token"), join(directory.path, "pushed/pushed"));
    const { code, shown } = await run();
    assert.notEqual(code, 0);
    assert.ok(!shown.includes(TOKEN));
    assert.deepEqual(forge.requests, []);
  });

  it("reports the forge's refusal, without the token", async () => {
    forge.fault = () => ({ status: 403, body: { message: `not with ${TOKEN}` } });
    const { code, report, shown } = await run();
    assert.equal(code, 64, shown);
    assert.deepEqual(report, {
      type: "agent-operator",
      reason: "PullRequestDenied",
      message: "403: not with ***",
    });
    assert.ok(!shown.includes(TOKEN));
  });

  it("sends the token to no other host, whatever the forge answers", async () => {
    const asked: unknown[] = [];
    const other = createServer((request, response) => {
      asked.push(request.headers);
      response.end("[]");
    }).listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const location = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
    for (const status of [301, 302, 303, 307, 308]) {
      forge.fault = () => ({ status, headers: { location } });
      assert.equal((await run()).report["reason"], "ForgeNotFound");
    }
    other.close();
    assert.deepEqual(asked, []);
  });

  it("trusts a private authority that is given, and no other", async () => {
    const { ca, serverKey, serverCertificate } = await loadPki(undefined, new Date());
    await forge[Symbol.asyncDispose]();
    forge = await aForge({ key: serverKey, cert: serverCertificate });
    await writeFile(join(directory.path, "ca.crt"), ca);
    const trusting = await run({}, { NODE_EXTRA_CA_CERTS: join(directory.path, "ca.crt") });
    assert.equal(trusting.code, 0, trusting.shown);
    const wary = await run();
    assert.equal(wary.report["reason"], "PullRequestFailed", wary.shown);
    assert.match(String(wary.report["message"]), /certificate/);
    assert.equal(forge.pulls.length, 1);
  });

  it("ends in the same state if it was killed at any moment: one pull request", async () => {
    const began = performance.now();
    await run({ branch: "whole" });
    const tookMs = performance.now() - began;
    for (let moment = 0; moment < MOMENTS; moment += 1) {
      const branch = `killed-${moment}`;
      // From its first request on the forge takes its time: most moments are between an opening and its answer.
      const program = begin({ branch });
      await sleep(((moment + Math.random()) / MOMENTS) * tookMs);
      program.kill("SIGKILL");
      await program.ended;
      const { code, report, shown } = await run({ branch });
      assert.equal(code, 0, shown);
      const open = forge.pulls.filter((pull) => pull.branch === branch);
      assert.deepEqual(
        open.map(({ number, state }) => [number, state]),
        [[report["number"], "open"]],
      );
    }
    assert.deepEqual(forge.breaches, []);
  });
});
