import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FORGES, type ForgeKind } from "../../src/api/fields/publish.ts";
import { type ForgeAnswer, type LoopbackForge, startForge } from "../support/forge/forge.ts";
import { breachesOf, GITEA, GITLAB } from "../support/forge/descriptions.ts";
import { ensurePullRequest, type WantedPullRequest } from "../../src/forge/forge.ts";
import { createForge } from "../../src/forge/pull-request.ts";
import { ForgeRefusal } from "../../src/forge/refusal.ts";

const PROJECT = "team/repo";
const TOKEN = "t0ken-of-the-forge";
const COMMIT = "a".repeat(40);
const WANTED: WantedPullRequest = {
  branch: "agent/fix",
  base: "main",
  title: "Fix the login",
  body: "It works.\n",
  keepTitle: false,
  keepBody: false,
  draft: true,
  labels: ["agent", "bug"],
  reviewers: ["ann"],
};

/** What a forge shows of it. */
const { keepTitle: _, keepBody: __, ...SHOWN } = WANTED;

async function aForge(kind: ForgeKind): Promise<LoopbackForge> {
  const commits: Record<string, string> = { "agent/fix": COMMIT, main: "b".repeat(40) };
  return startForge({ kind, project: PROJECT, token: TOKEN, commitOf: async (branch) => commits[branch] });
}

/** With a clock that goes on only while it waits. */
function clientOf(forge: LoopbackForge, kind: ForgeKind, { token = TOKEN, patienceMs = 60_000 } = {}) {
  let now = Date.now();
  const waits: number[] = [];
  const access = {
    apiURL: forge.apiURL,
    token,
    deadline: now + patienceMs,
    now: () => now,
    sleep: async (ms: number) => {
      waits.push(ms);
      now += ms;
    },
  };
  return { client: createForge(kind, access, PROJECT), waits };
}

for (const kind of FORGES) {
  describe(`a pull request on ${kind}`, () => {
    it("is opened once, and brought up to date", async () => {
      await using forge = await aForge(kind);
      const { client } = clientOf(forge, kind);
      const first = await ensurePullRequest(client, WANTED, COMMIT);
      assert.deepEqual(first, { number: 1, url: forge.pulls[0] && first.url });
      assert.match(first.url, new RegExp(`^${forge.url}/team/repo/.*1$`));
      assert.deepEqual(forge.pulls, [{ ...SHOWN, number: 1, state: "open", commit: COMMIT }]);
      assert.deepEqual(await ensurePullRequest(client, WANTED, COMMIT), first);
      await ensurePullRequest(client, { ...WANTED, title: "Fix it", body: "More." }, COMMIT);
      assert.deepEqual(
        forge.pulls.map(({ number, title, body, draft }) => [number, title, body, draft]),
        [[1, "Fix it", "More.", true]],
      );
      await ensurePullRequest(client, { ...WANTED, keepTitle: true, keepBody: true }, COMMIT);
      assert.deepEqual([forge.pulls[0]?.title, forge.pulls[0]?.body], ["Fix it", "More."]);
      assert.deepEqual(forge.breaches, []);
    });

    it("keeps the reviewers and labels that people have given it", async () => {
      await using forge = await aForge(kind);
      const { client } = clientOf(forge, kind);
      await ensurePullRequest(client, { ...WANTED, labels: [], reviewers: [] }, COMMIT);
      for (const pull of forge.pulls) Object.assign(pull, { reviewers: ["bob"], labels: ["urgent"] });
      await ensurePullRequest(client, WANTED, COMMIT);
      assert.deepEqual(
        forge.pulls.map(({ labels, reviewers }) => [labels.toSorted(), reviewers.toSorted()]),
        [
          [
            ["agent", "bug", "urgent"],
            ["ann", "bob"],
          ],
        ],
      );
      assert.deepEqual(forge.breaches, []);
    });

    it("stays closed with its commit, and is a new one with another", async () => {
      await using forge = await aForge(kind);
      const { client } = clientOf(forge, kind);
      const first = await ensurePullRequest(client, { ...WANTED, draft: false }, COMMIT);
      for (const pull of forge.pulls) pull.state = "closed";
      assert.deepEqual(await ensurePullRequest(client, WANTED, COMMIT), { number: 1, url: first.url });
      assert.equal((await ensurePullRequest(client, WANTED, "c".repeat(40))).number, 2);
      assert.deepEqual(
        forge.pulls.map(({ state }) => state),
        ["closed", "open"],
      );
      assert.deepEqual(forge.breaches, []);
    });

    it("keeps the base that somebody has given it", async () => {
      await using forge = await aForge(kind);
      const { client } = clientOf(forge, kind);
      await ensurePullRequest(client, WANTED, COMMIT);
      for (const pull of forge.pulls) pull.base = "release";
      assert.equal((await ensurePullRequest(client, WANTED, COMMIT)).number, 1);
      assert.equal(forge.pulls[0]?.base, "release");
    });

    it("is found if somebody else opens it at the same moment, or its answer is lost", async () => {
      await using forge = await aForge(kind);
      const { client, waits } = clientOf(forge, kind);
      let isLost = false;
      forge.fault = ({ method }) => {
        if (method !== "POST" || isLost) return undefined;
        isLost = true;
        forge.pulls.push({
          ...SHOWN,
          number: 1,
          state: "open",
          commit: COMMIT,
          labels: [],
          reviewers: [],
          title: "Old",
        });
        return { status: 502, body: {} };
      };
      assert.equal((await ensurePullRequest(client, WANTED, COMMIT)).number, 1);
      assert.deepEqual(
        forge.pulls.map(({ title }) => title),
        [WANTED.title],
      );
      assert.deepEqual(waits, [1000]);
    });

    const refusals: [string, ForgeAnswer, string, RegExp][] = [
      [
        "a token that has expired",
        { status: 401, body: { message: `Bad credentials ${TOKEN}` } },
        "ForgeTokenInvalid",
        /Bad credentials \*\*\*/,
      ],
      [
        "a token without the right",
        { status: 403, body: { message: "Resource not accessible by personal access token" } },
        "PullRequestDenied",
        /not accessible/,
      ],
      [
        "an archived repository",
        { status: 403, body: { message: "Repository was archived so is read-only." } },
        "RepositoryArchived",
        /archived/,
      ],
      [
        "a repository that it does not see",
        { status: 404, body: { message: "Not Found" } },
        "ForgeNotFound",
        /Not Found/,
      ],
      [
        "a repository that has moved",
        { status: 301, headers: { location: "http://127.0.0.1:1/steal" } },
        "ForgeNotFound",
        /another address/,
      ],
      [
        "what is not valid",
        {
          status: 422,
          body: {
            message: "Validation Failed",
            errors: [{ code: "invalid", field: "base", message: "base \u001b[2J is invalid" }],
          },
        },
        "PullRequestRefused",
        /base +\[2J is invalid/,
      ],
      [
        "a limit that lasts",
        { status: 429, body: { message: "slow down" }, headers: { "retry-after": "600" } },
        "ForgeRateLimited",
        /slow down; the forge takes requests again at /,
      ],
      [
        "a page in place of an answer",
        { status: 200, body: "<html>" },
        "PullRequestFailed",
        /does not answer (as an API|with a list)/,
      ],
    ];
    for (const [what, answer, reason, message] of refusals) {
      it(`is refused for ${what}, with the forge's words`, async () => {
        await using forge = await aForge(kind);
        forge.fault = () => answer;
        await assert.rejects(ensurePullRequest(clientOf(forge, kind).client, WANTED, COMMIT), (error) => {
          assert.ok(error instanceof ForgeRefusal, String(error));
          assert.equal(error.reason, reason);
          assert.match(error.message, message);
          return true;
        });
        assert.equal(forge.requests.length, 1);
      });
    }

    it("waits for a limit that ends, and for a server that comes back, but not for ever", async () => {
      await using forge = await aForge(kind);
      const { client, waits } = clientOf(forge, kind, { patienceMs: 100_000 });
      const answers: ForgeAnswer[] = [
        { status: 429, body: {}, headers: { "retry-after": "7" } },
        { status: 403, body: {}, headers: { "x-ratelimit-remaining": "0", "retry-after": "9" } },
        { status: 503, body: {} },
      ];
      forge.fault = () => answers.shift();
      await ensurePullRequest(client, WANTED, COMMIT);
      assert.deepEqual(waits, [7_000, 9_000, 1_000]);
      forge.fault = () => ({ status: 500, body: {} });
      await assert.rejects(ensurePullRequest(client, WANTED, COMMIT), { reason: "PullRequestFailed" });
      assert.deepEqual(waits.slice(3), [1_000, 4_000, 10_000]);
    });

    it("is open without labels and reviewers that the forge does not take", async () => {
      await using forge = await aForge(kind);
      forge.fault = ({ path, body }) =>
        /labels|requested_reviewers/.test(path) || body?.["add_labels"] || body?.["reviewer_ids"]
          ? { status: 422, body: { message: "no such name" } }
          : undefined;
      const { number, problem } = await ensurePullRequest(clientOf(forge, kind).client, WANTED, COMMIT);
      assert.equal(number, 1);
      assert.equal(
        problem,
        "agent, bug could not be added: 422: no such name; ann could not be added: 422: no such name",
      );
    });
  });
}

it("what is otherwise than a forge's description has it is noticed", () => {
  const body = { head: "a", base: "b", assignees: "ann", draft: true };
  const asked = { method: "POST", path: "", query: new URLSearchParams(), body };
  assert.deepEqual(breachesOf(GITEA, "pulls", asked, { status: 200, body: { number: "1" } }), [
    'POST pulls: assignees is "ann"',
    "POST pulls: draft is unknown",
    "POST pulls: title is required",
    "POST pulls: answers 200",
    ...[
      'number is "1"',
      "html_url is undefined",
      "state is undefined",
      "title is undefined",
      "body is undefined",
    ].map((what) => `POST pulls: ${what}`),
  ]);
  const query = new URLSearchParams({ state: "open", per_page: "x" });
  assert.deepEqual(
    breachesOf(
      GITLAB,
      "merge_requests",
      { method: "GET", path: "", query, body: undefined },
      { status: 200, body: [] },
    ),
    ['GET merge_requests: state is "open"', "GET merge_requests: per_page is null"],
  );
});
