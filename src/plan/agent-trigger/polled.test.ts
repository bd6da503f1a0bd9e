import assert from "node:assert/strict";
import { it } from "node:test";
import { factsOf } from "./facts.ts";
import { eventsIn, newEvents, type PollRecord, reachesKnown, recordWith } from "./polled.ts";

const NOW = Date.parse("2026-05-01T12:00:00Z");
const RECORD: PollRecord = { of: "api org/repo", since: NOW, ids: ["2"] };

function listed(id: string, more: object = {}): object {
  return {
    id,
    type: "IssuesEvent",
    actor: { id: 7, login: "ann" },
    repo: { id: 9, name: "org/repo" },
    payload: { action: "labeled", issue: { number: 1 } },
    created_at: "2026-05-01T12:00:00Z",
    ...more,
  };
}

it("an event of the list is as its webhook has it, whatever its payload claims to be", () => {
  const sender = { login: "root", type: "User" };
  const [event] = eventsIn([
    listed("1", { payload: { sender, repository: { full_name: "o/other" }, comment: { body: "b" } } }),
  ]);
  assert.deepEqual(event?.variables?.headers, { "x-github-event": "issues", "x-github-delivery": "1" });
  const { actor, repository, comment } = factsOf("GitHub", event.variables.event);
  assert.deepEqual([actor, repository, comment], [{ name: "ann", isBot: false }, "org/repo", "b"]);
  const [bot, review, push] = eventsIn([
    listed("1", { actor: { login: "renovate[bot]" } }),
    listed("2", { type: "PullRequestReviewCommentEvent" }),
    listed("3", { type: "PushEvent", payload: { ref: "refs/heads/main", head: "abc" } }),
  ]);
  assert.equal(factsOf("GitHub", bot?.variables?.event).actor?.isBot, true);
  assert.equal(review?.variables?.headers["x-github-event"], "pull_request_review_comment");
  const { about, commit, branch } = factsOf("GitHub", push?.variables?.event);
  assert.deepEqual([about, commit, branch], ["push", "abc", "main"]);
});

it("a pull request whose repositories have ids alone is of a fork if they differ", () => {
  const isFork = (head: unknown, base: unknown): boolean | undefined => {
    const pull = { number: 3, head: { repo: head }, base: { repo: base } };
    const [event] = eventsIn([listed("1", { type: "PullRequestEvent", payload: { pull_request: pull } })]);
    return factsOf("GitHub", event?.variables?.event).isFork;
  };
  assert.equal(isFork({ id: 1 }, { id: 1 }), false);
  assert.equal(isFork({ id: 1 }, { id: 2 }), true);
  assert.equal(isFork(null, { id: 2 }), true);
  assert.equal(isFork({}, {}), true);
});

it("what is no event is left out, and what is too large starts nothing", () => {
  assert.deepEqual(eventsIn({ message: "no" }), []);
  assert.deepEqual(eventsIn([null, 1, listed(""), listed("../x"), listed("1", { type: "a b" })]), []);
  assert.equal(eventsIn([listed("1", { payload: [] })])[0]?.variables?.headers["x-github-event"], "issues");
});

it("looks at what is not known and not older than the trigger, the oldest first, however late it shows up", () => {
  const events = eventsIn([
    listed("4", { created_at: "2026-05-01T12:00:09Z" }),
    listed("3", { created_at: "2026-05-01T12:00:05Z" }),
    listed("2", { created_at: "2026-05-01T12:00:01Z" }),
    listed("1"),
    listed("0", { created_at: "2026-05-01T11:59:59Z" }),
    listed("5", { created_at: "soon" }),
  ]);
  const idsOf = (record: PollRecord): string[] => newEvents(events, record).map(({ id }) => id);
  assert.deepEqual(idsOf(RECORD), ["1", "3", "4"]);
  const after = recordWith(RECORD, events, "tag");
  assert.deepEqual(idsOf(after), []);
  assert.deepEqual([after.etag, after.of, after.since], ["tag", RECORD.of, NOW]);
  assert.equal(reachesKnown(events.slice(0, 2), RECORD), false);
  assert.equal(reachesKnown(events.slice(0, 3), RECORD), true);
  const many = Array.from({ length: 1_500 }, (_, index) => ({ id: `e${index}`, at: NOW }));
  assert.equal(recordWith(RECORD, many, undefined).ids.length, 1_000);
});
