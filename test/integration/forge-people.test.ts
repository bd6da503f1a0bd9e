import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { createComments } from "../../src/forge/comments.ts";
import type { ForgeAccess } from "../../src/forge/forge-fetch.ts";
import { createStatuses } from "../../src/forge/statuses.ts";
import { createPermissions } from "../../src/forge/permissions.ts";

const PROJECT = "org/repo";
const TOKEN = "t0ken";

/** A comment as the forge stores it. */
interface Stored {
  id: number;
  body: string;
  at: string;
}

/** A commit status as the forge gets it. */
interface Sent {
  name?: string;
  context?: string;
  state: string;
  description: string;
}

const FORGES = {
  GitLab: {
    authorization: `Bearer ${TOKEN}`,
    facts: {
      "/projects/org%2Frepo/members/all/1": { id: 1, username: "dev", access_level: 30 },
      "/projects/org%2Frepo/members/all/2": { id: 2, username: "reporter", access_level: 20 },
      "/projects/org%2Frepo/merge_requests/7": { sha: "abc", source_project_id: 5, target_project_id: 5 },
      "/projects/org%2Frepo/merge_requests/8": { source_project_id: 6, target_project_id: 5 },
      "/projects/org%2Frepo/merge_requests/9": {},
      "/user": { username: "bot" },
    } as Record<string, object>,
    statuses: {
      list: "/projects/org%2Frepo/repository/commits/abc/statuses",
      set: "/projects/org%2Frepo/statuses/abc",
      // GitLab refuses to take a state from the same one.
      states: ["running", "success", "running", "failed"],
      shown: ({ name, state }: Sent) => ({ name, status: state }),
    },
    issue: "/projects/org%2Frepo/issues/3/notes",
    pullRequest: "/projects/org%2Frepo/merge_requests/7/notes",
    one: (list: string, id: number) => `PUT ${list}/${id}`,
    by: (name: string) => ({ author: { username: name } }),
  },
  Gitea: {
    authorization: `token ${TOKEN}`,
    facts: {
      "/repos/org/repo/collaborators/dev/permission": { permission: "write" },
      "/repos/org/repo/collaborators/reporter/permission": { permission: "read" },
      "/repos/org/repo/pulls/7": { head: { sha: "abc", repo: { full_name: "Org/Repo" } } },
      "/repos/org/repo/pulls/8": { head: { repo: { full_name: "mallory/repo" } } },
      "/repos/org/repo/pulls/9": { head: { repo: null } },
      "/user": { login: "bot" },
    } as Record<string, object>,
    statuses: {
      list: "/repos/org/repo/commits/abc/statuses",
      set: "/repos/org/repo/statuses/abc",
      states: ["pending", "pending", "success", "pending", "failure"],
      shown: ({ context, state, description }: Sent) => ({ context, status: state, description }),
    },
    issue: "/repos/org/repo/issues/3/comments",
    pullRequest: "/repos/org/repo/issues/7/comments",
    one: (_: string, id: number) => `PATCH /repos/org/repo/issues/comments/${id}`,
    by: (name: string) => ({ user: { login: name } }),
  },
} as const;

for (const kind of ["GitLab", "Gitea"] as const)
  describe(`${kind}, asked about people and for comments`, { timeout: 60_000 }, () => {
    const { authorization, facts, statuses, issue, pullRequest, one, by } = FORGES[kind];

    /** The forge's API on loopback, with a comment of another account that quotes ours. */
    async function start(stack: AsyncDisposableStack) {
      const stored: Stored[] = [];
      const sent: Sent[] = [];
      const asked: string[] = [];
      const server = createServer(async (request, response) => {
        let text = "";
        for await (const chunk of request) text += String(chunk);
        const [path = ""] = (request.url ?? "").replace(/^\/api/, "").split("?");
        const what = `${request.method} ${path}`;
        asked.push(what);
        const end = (status: number, body: unknown): void =>
          void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
        if (request.headers.authorization !== authorization) return end(401, { message: "Unauthorized" });
        // The newest is not the first with every forge.
        if (what === `GET ${statuses.list}`)
          return end(200, [
            { id: 99, name: "ci", context: "ci", status: "failure" },
            ...sent.map((each, index) => ({ id: index, ...statuses.shown(each) })),
          ]);
        if (what === `POST ${statuses.set}`) {
          sent.push(JSON.parse(text) as Sent);
          return end(201, { id: sent.length });
        }
        if (path === issue || path === pullRequest) {
          const at = path;
          if (request.method === "GET")
            return end(200, [
              { id: 99, body: "mark, quoted", ...by("mallory") },
              ...stored.filter((each) => each.at === at).map(({ id, body }) => ({ id, body, ...by("bot") })),
            ]);
          const { body } = JSON.parse(text) as { body: string };
          stored.push({ id: stored.length + 1, body, at });
          return end(201, { id: stored.length });
        }
        const found = stored.find(({ id, at }) => one(at, id) === what);
        if (found) {
          found.body = (JSON.parse(text) as { body: string }).body;
          return end(200, found);
        }
        const fact = facts[path];
        return fact ? end(200, fact) : end(404, { message: "404 Not found" });
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      stack.defer(() => {
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      const access = (token = TOKEN): ForgeAccess => ({
        apiURL: `http://127.0.0.1:${port}/api`,
        token,
        deadline: Date.now() + 10_000,
        now: Date.now,
        sleep: () => Promise.resolve(),
        send: fetch,
      });
      return { access, stored, sent, asked };
    }

    it("says who may write, and which pull request is another repository's", async () => {
      await using stack = new AsyncDisposableStack();
      const { access } = await start(stack);
      const { mayWrite, isFork } = createPermissions(kind, access(), PROJECT);
      assert.equal(await mayWrite({ name: "dev", id: 1 }), true);
      assert.equal(await mayWrite({ name: "reporter", id: 2 }), false);
      assert.equal(await mayWrite({ name: "nobody", id: 3 }), false);
      assert.equal(await mayWrite({ name: "../../../user", id: 3 }), false);
      assert.deepEqual([await isFork(7), await isFork(8), await isFork(9)], [false, true, true]);
      await assert.rejects(
        createPermissions(kind, access("wrong"), PROJECT).mayWrite({ name: "dev", id: 1 }),
        {
          reason: "ForgeTokenInvalid",
        },
      );
    });

    it("sets each commit status once, in the forge's own states", async () => {
      await using stack = new AsyncDisposableStack();
      const { access, sent } = await start(stack);
      const { set, headOf } = createStatuses(kind, access(), PROJECT);
      assert.equal(await headOf(7), "abc");
      await assert.rejects(headOf(9), { reason: "PullRequestFailed" });
      const states = ["pending", "running", "success", "success", "pending", "timedOut"] as const;
      const texts = ["Pending", "Running", "Succeeded", "Succeeded", "Pending", "Failed"];
      for (const [index, state] of states.entries())
        await set("abc", { id: "uid", context: "agent-operator/t", state, description: texts[index] ?? "" });
      assert.deepEqual(
        sent.map(({ state }) => state),
        statuses.states,
      );
      assert.equal(sent[0]?.context ?? sent[0]?.name, "agent-operator/t");
    });

    it("keeps one comment on an issue and one on a pull request up to date", async () => {
      await using stack = new AsyncDisposableStack();
      const { access, stored } = await start(stack);
      const comments = createComments(kind, access(), PROJECT);
      const places = [
        { kind: "issue", number: 3 },
        { kind: "pullRequest", number: 7 },
      ] as const;
      for (const [index, place] of places.entries()) {
        const since = "2026-01-01T00:00:00Z";
        assert.deepEqual(await comments.find(place, "mark", since), [], "another account's is none of ours");
        const id = await comments.create(place, "mark: Running");
        assert.deepEqual(await comments.find(place, "mark", since), [id]);
        await comments.update(place, id, "mark: Succeeded");
        assert.equal(stored.length, index + 1);
      }
      assert.deepEqual(
        stored.map(({ body, at }) => [body, at]),
        [
          ["mark: Succeeded", issue],
          ["mark: Succeeded", pullRequest],
        ],
      );
    });
  });
