import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { LABEL_TRIGGER } from "../../src/api/labels.ts";
import { agentNotifiers, agentRuns, agentTriggers } from "../../src/api/resources.ts";
import { watchResource } from "../../src/client/watch.ts";
import { secrets } from "../../src/kube/builtin.ts";
import { timestamp } from "../../src/kube/time.ts";
import { githubPayloads } from "../support/deliveries.ts";
import { startForge } from "../support/forge/forge.ts";
import { startEventsProgram } from "../support/operator-program.ts";
import type { RunningProgram } from "../support/run.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { startSink } from "../support/sink.ts";
import { waitFor } from "../support/wait-for.ts";

const TOKEN = "t0ken-of-the-forge";
const PROJECT = "Codertocat/Hello-World";
const EVENTS = 150;
/** So many wait for a leader at most: GitHub lists 300. */
const AHEAD = 40;
/** What becomes of the leader, one after the other. */
const FATES = ["SIGKILL", "SIGTERM", "SIGSTOP", "SIGKILL", "SIGTERM"] as const;

it(
  "each polled event starts one run and each end is notified, while the Lease changes hands",
  { timeout: 300_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { admin, namespace, listening } = await startRunPlane(stack);
    const commitOf = () => Promise.resolve(undefined);
    const writers = ["Codertocat"];
    const forge = stack.use(
      await startForge({ kind: "GitHub", project: PROJECT, token: TOKEN, writers, commitOf }),
    );
    const sink = stack.use(await startSink());
    const ends = new Set<string>();
    sink.answer = ({ body }) => {
      // It fails now and then, and breaks connections after it has read the event.
      if (sink.seen.length % 11 === 10) return 503;
      ends.add((JSON.parse(body) as { id: string }).id);
      return sink.seen.length % 13 === 12 ? undefined : 202;
    };
    await admin.create(secrets, { metadata: { name: "forge", namespace }, stringData: { token: TOKEN } });
    await admin.create(agentNotifiers, {
      metadata: { name: "any", namespace },
      spec: { events: ["Succeeded"], sink: { format: "CloudEvents", url: sink.url } },
    });
    const { repository: _, ...run } = runNamed("any").spec;
    await admin.create(agentTriggers, {
      metadata: { name: "polled", namespace },
      spec: {
        poll: { source: "GitHub", intervalSeconds: 1 },
        repository: PROJECT,
        credential: { secretRef: { name: "forge", key: "token" }, apiURL: forge.apiURL },
        when: "event.action == 'labeled'",
        runTemplate: {
          metadata: { labels: { issue: "${event.issue.number}" } },
          spec: { ...run, repository: { url: "https://git.example.com/org/repo.git" } },
        },
      },
    });

    const cluster = { kubeconfig: listening.kubeconfigPath ?? "", namespace };
    const replicas = new Set<RunningProgram>();
    const join = async (): Promise<void> => {
      replicas.add((await startEventsProgram(cluster, ["--allow-local-urls", "--leader-elect"])).program);
    };
    stack.defer(() => replicas.forEach((each) => each.kill("SIGKILL")));
    await Promise.all([join(), join()]);

    // What is played: an operator that ends each run at once. Runs may come more than once in the watch.
    const started = new Map<string, string>();
    const watching = new AbortController();
    stack.defer(() => watching.abort());
    const ending = (async () => {
      for await (const event of watchResource(admin, agentRuns, { namespace, signal: watching.signal })) {
        const { name = "", uid = "" } = event.kind === "upsert" ? event.object.metadata : {};
        if (event.kind !== "upsert" || started.has(uid)) continue;
        started.set(uid, name);
        const time = timestamp(Date.now());
        const status = { phase: "Succeeded", reason: "Completed", startTime: time, completionTime: time };
        const options = { type: "merge", subresource: "status" } as const;
        await admin.patch<AgentRun>(agentRuns, { namespace, name }, { status }, options);
      }
    })();
    ending.catch(() => {});

    let happened = 0;
    const [payload] = githubPayloads("issues", "labeled");
    const { action, issue, label } = payload as { action: string; issue: object; label: object };
    const until = async (condition: () => boolean): Promise<void> => {
      for (let tries = 0; !condition(); tries += 1) {
        assert.ok(
          tries < 6_000,
          `${String(condition)}: ${started.size} runs of ${happened} events, ${ends.size} ends`,
        );
        await sleep(20);
      }
    };
    const happening = async (): Promise<void> => {
      while (happened < EVENTS) {
        await until(() => happened - started.size < AHEAD);
        happened += 1;
        const about = { action, label, issue: { ...issue, number: happened } };
        const id = String(22_000_000_000 + happened);
        const when = new Date().toISOString();
        forge.events.push({ id, type: "IssuesEvent", login: "Codertocat", payload: about, at: when });
        await sleep(Math.random() * 40);
      }
    };
    const leads = ({ output }: RunningProgram): boolean =>
      /"message":"leading"/.test(output.stdout) && !/"message":"no longer leading"/.test(output.stdout);
    const leader = async (): Promise<RunningProgram> => {
      await until(() => [...replicas].some(leads));
      return [...replicas].find(leads) as RunningProgram;
    };
    const changing = async (): Promise<void> => {
      for (const [index, fate] of FATES.entries()) {
        // Somewhere in the work.
        const share = (index + Math.random()) / (FATES.length + 1);
        await until(() => started.size >= share * EVENTS);
        const current = await leader();
        replicas.delete(current);
        current.kill(fate);
        if (fate === "SIGSTOP") {
          // It wakes up when another one leads: what it had begun comes late.
          stack.defer(() => current.kill("SIGKILL"));
          await leader();
          current.kill("SIGCONT");
        }
        await current.ended;
        await join();
      }
    };
    await Promise.all([happening(), changing()]);
    await until(() => started.size >= EVENTS && ends.size >= EVENTS);
    const at = { namespace, name: "any" };
    await waitFor(admin, agentNotifiers, at, ({ status }) => status?.pending === 0, 60_000);

    const labelSelector = `${LABEL_TRIGGER}=polled`;
    const { items } = await admin.list(agentRuns, { namespace, labelSelector });
    const issues = items.map(({ metadata }) => Number(metadata.labels?.["issue"])).toSorted((a, b) => a - b);
    assert.deepEqual(
      issues,
      Array.from({ length: EVENTS }, (__, index) => index + 1),
    );
    assert.deepEqual(
      [...ends].toSorted(),
      items.map(({ metadata }) => `${metadata.uid}.Succeeded`).toSorted(),
    );
    assert.deepEqual(forge.breaches, []);
  },
);
