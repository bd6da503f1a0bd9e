import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Registry } from "prom-client";
import type { AgentRun, AgentRunStatus } from "../api/agent-run.ts";
import type { Change } from "../client/cache/reflector.ts";
import { observeRuns } from "./run-metrics.ts";

/** Metrics of runs that a test changes. */
function observed(isLeading = (): boolean => true) {
  const registry = new Registry();
  const runs = new Map<string, AgentRun>();
  let tell: ((change: Change<AgentRun>) => void) | undefined;
  const onChange = (listener: (change: Change<AgentRun>) => void) => {
    tell = listener;
    return () => undefined;
  };
  observeRuns(registry, { runs: { list: () => runs.values(), onChange } as never, isLeading });
  const set = (namespace: string, name: string, status: AgentRunStatus): void => {
    const key = `${namespace}/${name}`;
    const run = { metadata: { namespace, name }, spec: { prompt: "work" }, status };
    const old = runs.get(key);
    runs.set(key, run);
    tell?.({ old, new: run } as never);
  };
  const series = async (line: string): Promise<string | undefined> =>
    (await registry.metrics())
      .split("\n")
      .find((each) => each.startsWith(`${line} `))
      ?.slice(line.length + 1);
  return { set, series, text: () => registry.metrics() };
}

const WORKING: AgentRunStatus = { phase: "Running", agent: "claude", provider: "p" };
const REFUSED: AgentRunStatus = { ...WORKING, phase: "Failed", reason: "AuthenticationFailed" };
const finished = (namespace: string, reason: string, phase = "Failed"): string =>
  `agent_operator_runs_finished_total{phase="${phase}",reason="${reason}",namespace="${namespace}",agent="claude",provider="p"}`;

describe("metrics of runs", () => {
  it("are 0 for every end before the first one, so that it is an increase", async () => {
    const { set, series } = observed();
    set("team", "a", WORKING);
    for (const [reason, phase] of [
      ["Completed", "Succeeded"],
      ["AuthenticationFailed", "Failed"],
      ["DeadlineExceeded", "TimedOut"],
    ] as const)
      assert.equal(await series(finished("team", reason, phase)), "0", reason);
    set("team", "a", REFUSED);
    set("team", "a", { ...REFUSED, message: "once more" });
    assert.equal(await series(finished("team", "AuthenticationFailed")), "1");
    assert.equal(
      await series('agent_operator_run_cost_usd_total{namespace="team",agent="claude",provider="p"}'),
      "0",
    );
  });

  it("count outcome, tokens and cost of every attempt", async () => {
    const { set, series } = observed();
    const labels = 'namespace="team",agent="claude",provider="p"';
    set("team", "a", WORKING);
    const result = { tokens: { input: 10 }, costUSD: "0.5" };
    const attempts = [{ number: 1, reason: "Overloaded", result }];
    set("team", "a", {
      ...WORKING,
      phase: "Succeeded",
      reason: "Completed",
      outcome: "Committed",
      result,
      attempts,
    });
    assert.equal(await series(`agent_operator_run_outcomes_total{outcome="Committed",${labels}}`), "1");
    assert.equal(await series(`agent_operator_run_tokens_total{kind="input",${labels}}`), "20");
    assert.equal(await series(`agent_operator_run_cost_usd_total{${labels}}`), "1");
  });

  it("are those of the replica that leads", async () => {
    let leads = false;
    const { set, series, text } = observed(() => leads);
    set("team", "a", WORKING);
    set("team", "a", REFUSED);
    assert.equal(await series(finished("team", "AuthenticationFailed")), "0");
    assert.doesNotMatch(await text(), /^agent_operator_runs\{/m);
    leads = true;
    set("team", "b", WORKING);
    set("team", "b", REFUSED);
    assert.equal(await series(finished("team", "AuthenticationFailed")), "1");
    assert.equal(await series('agent_operator_runs{namespace="team",phase="Failed"}'), "2");
    assert.equal(await series('agent_operator_runs{namespace="team",phase="Running"}'), "0");
  });

  it("have a bound on namespaces, whatever users create", async () => {
    const { set, series, text } = observed();
    for (let number = 0; number < 120; number++) {
      set(`n${number}`, "a", WORKING);
      set(`n${number}`, "a", REFUSED);
    }
    const named = new Set([...(await text()).matchAll(/namespace="(\w+)"/g)].map(([, name]) => name));
    assert.equal(named.size, 51);
    assert.equal(await series(finished("n49", "AuthenticationFailed")), "1");
    assert.equal(await series(finished("other", "AuthenticationFailed")), "70");
    assert.equal(await series('agent_operator_runs{namespace="other",phase="Failed"}'), "70");
  });
});
