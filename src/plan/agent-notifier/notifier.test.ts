import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { ANNOTATION_TRIGGERS, LABEL_TRIGGER } from "../../api/labels.ts";
import { chainOf, triggersOf } from "../agent-trigger/chain.ts";
import { dueOf, OVER, ruleOf, type Settled, STARTED } from "./due.ts";
import { messageOf } from "./message.ts";

const SINCE = Date.parse("2026-01-01T00:00:00Z");
const EARLY = "2025-12-31T23:59:59Z";
const LATE = "2026-01-01T00:00:01Z";

function aRun(status: Partial<AgentRunStatus> | undefined, labels: Record<string, string> = {}): AgentRun {
  return {
    metadata: { namespace: "team", name: "it", uid: "u", labels },
    spec: { prompt: "work" },
    ...(status && { status: { phase: "Pending", ...status } }),
  };
}

describe("what is due of a run", () => {
  const running = { phase: "Running", startTime: LATE } as const;
  const ended = { phase: "Failed", startTime: LATE, completionTime: LATE } as const;
  const all = { events: ["Started", "Succeeded", "Failed", "TimedOut"] } as const;
  const cases: [string, object, AgentRun, Settled | undefined, string | undefined][] = [
    ["nothing of one that no operator has seen", all, aRun(undefined), undefined, undefined],
    ["nothing of one that waits", all, aRun({ phase: "Pending" }), undefined, undefined],
    ["its start", all, aRun(running), undefined, "Started"],
    ["not its start, by default", {}, aRun(running), undefined, undefined],
    ["its start once", all, aRun(running), STARTED, undefined],
    ["first its start, if both are missed", all, aRun(ended), undefined, "Started"],
    ["then its end", all, aRun(ended), STARTED, "Failed"],
    ["its end once", all, aRun(ended), OVER, undefined],
    [
      "its end, if it was never started",
      all,
      aRun({ phase: "Failed", completionTime: LATE }),
      undefined,
      "Failed",
    ],
    ["not another end", { events: ["Succeeded"] }, aRun(ended), undefined, "over"],
    [
      "no start before the notifier, but the end after it",
      all,
      aRun({ ...ended, startTime: EARLY }),
      undefined,
      "Failed",
    ],
    [
      "nothing that has ended before the notifier",
      all,
      aRun({ ...ended, completionTime: EARLY }),
      undefined,
      undefined,
    ],
    ["its end, if nothing says when", all, aRun({ phase: "Failed" }), undefined, "Failed"],
    [
      "nothing of one that is not selected",
      { runSelector: { matchLabels: { a: "b" } } },
      aRun(ended),
      undefined,
      "over",
    ],
    [
      "one that is selected",
      { runSelector: { matchLabels: { a: "b" } } },
      aRun(ended, { a: "b" }),
      undefined,
      "Failed",
    ],
    [
      "one that a selector's conditions hold for",
      { runSelector: { matchExpressions: [{ key: "a", operator: "NotIn", values: ["c"] }] } },
      aRun(ended, { a: "b" }),
      undefined,
      "Failed",
    ],
  ];
  for (const [what, spec, run, settled, expected] of cases)
    it(what, () => {
      const rule = ruleOf({ sink: { format: "Slack" }, ...spec }, SINCE);
      const found = dueOf(run, rule, settled);
      assert.equal(typeof found === "object" ? found.event : found, expected);
    });
});

describe("a message", () => {
  const url = "https://git.example.com/org/repo/pulls/7?a=1&b=2";
  const published = { branch: "b", commit: "c", time: LATE, pullRequest: { number: 7, url } };
  const status = { phase: "Succeeded", reason: "Completed", completionTime: LATE, published } as const;
  const due = (message: string, more: object = {}) =>
    ({ run: aRun({ ...status, message, ...more }), event: "Succeeded", at: SINCE, settles: OVER }) as const;

  it("is the same whatever changes of a run that has ended", () => {
    const first = messageOf("CloudEvents", due("done"));
    const { run, ...rest } = due("done", { conditions: [], result: { text: "x" } });
    const later = { ...run, metadata: { ...run.metadata, labels: { more: "x" }, resourceVersion: "9" } };
    assert.equal(messageOf("CloudEvents", { run: later, ...rest }).body, first.body);
    assert.equal((JSON.parse(first.body) as { time: string }).time, "2026-01-01T00:00:00Z");
  });

  const hostile = [
    "<!channel> <!here> <@U012AB3CD> <#C012> <!subteam^S012> @channel @all",
    "<https://evil.example/login|Sign in> [Sign in](https://evil.example) ![](https://evil.example/x.png)",
    "```\n<!everyone>\n``` ` *bold*",
    "&lt;!channel&gt; \u202e<\u200b!channel> \u0000",
    "x".repeat(100_000),
  ];
  for (const text of hostile)
    it(`for Slack holds nothing that does something: ${text.slice(0, 30)}`, () => {
      const { body } = messageOf("Slack", due(text));
      const { text: said, unfurl_links } = JSON.parse(body) as { text: string; unfurl_links: boolean };
      const [, , ...words] = said.split("\n");
      assert.doesNotMatch(said, /[<>]|@|\p{Cf}|\p{Cc}(?<!\n)/u);
      assert.doesNotMatch(words.join("\n"), /:\/\/|&(?!amp;|lt;|gt;)/);
      assert.equal(words.filter((line) => line.includes("```")).length, 2, "one block");
      assert.ok(said.length < 3_000);
      assert.equal(unfurl_links, false);
      assert.equal(said.split("\n")[1], `Pull request: ${url.replace("&", "&amp;")}`);
    });

  it("for Slack links no pull request whose URL is none", () => {
    const pullRequest = { number: 7, url: "javascript:alert(1) <!channel>" };
    const { body } = messageOf("Slack", due("done", { published: { ...published, pullRequest } }));
    assert.doesNotMatch(body, /javascript|channel/);
  });
});

describe("the triggers that have led to a run", () => {
  const trigger = { metadata: { namespace: "team", name: "b" } };
  const event = (triggers: unknown, type = "com.xonovex.agent.run.succeeded") => ({
    type,
    data: { triggers },
  });

  it("are those before its own one, and that", () => {
    const run = aRun(undefined, { [LABEL_TRIGGER]: "b" });
    run.metadata.annotations = { [ANNOTATION_TRIGGERS]: "other/a" };
    assert.deepEqual(triggersOf(run), ["other/a", "team/b"]);
    assert.deepEqual(triggersOf(aRun(undefined)), []);
  });

  it("may not hold the one that is asked, nor be very many", () => {
    const many = Array.from({ length: 16 }, (_, index) => `team/t${index}`);
    for (const [given, expected] of [
      [event(["team/a"]), ["team/a"]],
      [event(["team/a", "team/b"]), "OwnEvent"],
      [event(many), "OwnEvent"],
      [event("team/b"), []],
      [event(["team/b"], "another.type"), []],
      [{ type: "com.xonovex.agent.run.succeeded" }, []],
    ] as const) {
      const found = chainOf("CloudEvents", trigger, given);
      assert.deepEqual("reason" in found ? found.reason : found, expected);
    }
    assert.deepEqual(chainOf("Generic", trigger, event(["team/b"])), []);
  });
});
