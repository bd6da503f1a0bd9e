import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { githubPayloads } from "./support/deliveries.ts";
import { checkoutProgram, projectRoot } from "./support/project-files.ts";
import { run } from "./support/run.ts";
import { objectsIn } from "../src/cli/commands/manifest-text.ts";
import { renderFiles } from "../src/cli/commands/render-files.ts";

const DEFAULTS = { namespace: "team", gitImage: "git:1", agentImage: "agent:1", operatorImage: "operator:1" };
const NOW = Date.parse("2026-05-01T12:00:00Z");
const apiVersion = "agent.xonovex.com/v1alpha1";
const provider = {
  apiVersion,
  kind: "AgentProvider",
  metadata: { name: "gemini-provider" },
  spec: { authTokenSecretRef: { name: "s", key: "k" } },
};

async function sample(name: string): Promise<Record<string, unknown>[]> {
  return objectsIn(await readFile(join(projectRoot, "config/samples", name), "utf8"), name);
}

const BRANCHED = {
  spec: {
    providerRef: "gemini-provider",
    repository: { url: "https://github.com/org/repo.git" },
    worktree: { branch: "${event.issue.title}" },
    prompt: "p",
  },
};

const kindsOf = (objects: readonly Record<string, unknown>[]): unknown[] => objects.map(({ kind }) => kind);

describe("what a schedule starts", () => {
  it("is printed with the JSON schema for editors, above the AgentRun alone", async () => {
    const files = ["schedule", "agentprovider"].flatMap((name) => ["-f", `config/samples/${name}.yaml`]);
    const { stdout } = await run(process.execPath, [checkoutProgram, "render", ...files], {
      cwd: projectRoot,
    });
    const [, schema = ""] =
      /\n# yaml-language-server: \$schema=(\S+)\napiVersion: \S+\nkind: AgentRun\n/.exec(stdout) ?? [];
    const { properties } = JSON.parse(await readFile(schema, "utf8")) as { properties: object };
    assert.ok("spec" in properties);
    assert.equal(stdout.split("yaml-language-server").length, 2);
  });

  it("is the run of its next time, and what that becomes", async () => {
    const [schedule, started, ...more] = renderFiles(
      [...(await sample("schedule.yaml")), provider],
      DEFAULTS,
      {
        now: NOW,
      },
    );
    assert.deepEqual(more, []);
    // The first of May is a Friday, and Berlin is two hours ahead.
    const name = `update-dependencies-${Date.parse("2026-05-04T02:00:00Z") / 60_000}`;
    assert.deepEqual(schedule?.notes, [`starts AgentRun ${name} at 2026-05-04T02:00:00Z`]);
    assert.deepEqual(kindsOf(schedule.objects), ["AgentRun"]);
    assert.equal(started?.title, `AgentRun team/${name}`);
    assert.deepEqual(kindsOf(started.objects), ["PersistentVolumeClaim", "Job"]);
  });

  it("is none if it is suspended or has no times, and one that would not start without its provider", async () => {
    const [document = {}] = await sample("schedule.yaml");
    const render = (more: object) =>
      renderFiles([{ ...document, spec: { ...(document["spec"] as object), ...more } }], DEFAULTS, {
        now: NOW,
      });
    assert.match(render({ suspend: true })[0]?.notes?.[0] ?? "", /^starts no run: Suspended/);
    assert.match(
      render({ timeZone: "Europe/Nowhere" })[0]?.notes?.[0] ?? "",
      /^starts no run: UnknownTimeZone/,
    );
    assert.match(render({ schedule: "0 0 30 2 *" })[0]?.notes?.[0] ?? "", /^starts no run: /);
    assert.match(render({})[0]?.notes?.[1] ?? "", /ProviderNotFound/);
  });
});

describe("what a trigger starts for a payload", () => {
  const [payload = {}] = githubPayloads("issues", "labeled");
  const render = async (change: object, more: object = {}) => {
    const [document = {}] = await sample("triggers.yaml");
    const trigger = {
      ...document,
      spec: { ...(document["spec"] as object), repository: "Codertocat/Hello-World", ...more },
    };
    const body = Buffer.from(JSON.stringify({ ...payload, label: { name: "agent" }, ...change }));
    return renderFiles([trigger, provider], DEFAULTS, { now: NOW, event: { headers: {}, body } });
  };

  it("is the run with the event in it, and what the forge is asked before", async () => {
    const [trigger, run] = await render({});
    assert.match(trigger?.notes?.[0] ?? "", /^starts AgentRun issue-[0-9a-z]{11} for this event$/);
    assert.equal(
      trigger?.notes?.[1],
      "if the forge says that Codertocat may write to Codertocat/Hello-World",
    );
    assert.match(JSON.stringify(trigger.objects), /Spelling error in the README file/);
    assert.deepEqual(kindsOf(run?.objects ?? []), ["PersistentVolumeClaim", "Job", "Job"]);
  });

  it("is none for what the events component would refuse, for the same reason", async () => {
    const bot = { login: "renovate[bot]", type: "Bot" };
    const cases: [change: object, more: object, why: RegExp][] = [
      [{ label: { name: "other" } }, {}, /^starts no run: NotMatched: when is false$/],
      [{ sender: bot }, {}, /ActorRefused: renovate/],
      [{ repository: { full_name: "mallory/x" } }, {}, /OtherRepository/],
      [{ issue: { number: 1 } }, {}, /ExpressionFailed: .*title/],
      [{}, { when: "evnt.action" }, /InvalidExpression: when: there is no evnt/],
      [
        { issue: { number: 1, title: "../x --upload-pack=evil" } },
        { runTemplate: BRANCHED },
        /InvalidRun: .*worktree.branch/,
      ],
    ];
    for (const [change, more, why] of cases) {
      const [only, ...others] = await render(change, more);
      assert.match(only?.notes?.[0] ?? "", why);
      assert.deepEqual([only?.objects, others], [[], []]);
    }
  });

  it("needs the payload, and a payload needs a trigger", async () => {
    const triggers = await sample("triggers.yaml");
    assert.throws(
      () => renderFiles(triggers, DEFAULTS, { now: NOW }),
      /AgentTrigger issue starts runs for events: .*--event/,
    );
    const event = { headers: {}, body: Buffer.from("{}") };
    assert.throws(
      () => renderFiles([provider], DEFAULTS, { now: NOW, event }),
      /there is none among the objects/,
    );
  });
});

describe("what a notifier sends", () => {
  const run = {
    apiVersion,
    kind: "AgentRun",
    metadata: { name: "fix" },
    spec: { prompt: "p", repository: { url: "https://example.com/r.git" } },
  };

  it("is an event for each end of a run that it selects", async () => {
    const rendered = renderFiles([...(await sample("notifiers.yaml")), run], DEFAULTS, { now: NOW });
    assert.deepEqual(
      rendered.map(({ objects }) => objects[0]?.["type"]),
      [
        "com.xonovex.agent.run.succeeded",
        "com.xonovex.agent.run.failed",
        "com.xonovex.agent.run.timedout",
        undefined,
      ],
    );
    assert.deepEqual(rendered.at(-1)?.notes, ["sends nothing: it reports no AgentRun in the files"]);
    assert.match(
      rendered[0]?.notes?.[0] ?? "",
      /^to https:.*, as application\/cloudevents\+json: AgentRun fix, Succeeded$/,
    );
  });

  it("is what the status of a run says that has ended", async () => {
    const labels = { "agent.xonovex.com/schedule": "nightly" };
    const status = {
      phase: "Failed",
      reason: "AgentFailed",
      message: "<@here> `no`",
      completionTime: "2026-05-01T11:00:00Z",
    };
    const ended = { ...run, metadata: { name: "fix", labels }, status };
    const rendered = renderFiles([...(await sample("notifiers.yaml")), ended], DEFAULTS, { now: NOW });
    assert.deepEqual(
      rendered.map(({ objects }) => Object.keys(objects[0] ?? {}).length > 0),
      [true, true],
    );
    assert.match(JSON.stringify(rendered[1]?.objects), /Failed \(AgentFailed\).*&lt;/);
  });
});
