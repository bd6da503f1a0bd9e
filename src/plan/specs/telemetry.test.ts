import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { claude } from "../../agents/claude/claude.ts";
import { codex } from "../../agents/codex/codex.ts";
import { gemini } from "../../agents/gemini/gemini.ts";
import type { Agent } from "../../agents/agent.ts";
import type { EnvVar } from "../../kube/builtin.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { traceOf } from "../run-trace.ts";
import { buildAgentContainer } from "./agent-container.ts";

const UID = "0af76519-16cd-43dd-8448-eb211c80319c";
const receiver = { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://collector:4318/" };

function container(agent: Agent, env: EnvVar[]) {
  const run: ResolvedRun = {
    namespace: "team",
    name: "fix-bug",
    uid: UID,
    agent: "claude",
    prompt: "fix it",
    mcpServers: [],
    args: [],
    env,
    image: "agent",
    gitImage: "git",
    gitResources: {},
    timeoutSeconds: 60,
    trustRepositoryConfig: false,
    gitIdentity: { name: "a", email: "a@example.com" },
    storage: { size: "1Gi" },
  };
  const { env: variables = [], args = [] } = buildAgentContainer(run, agent);
  return { values: Object.fromEntries(variables.map(({ name, value }) => [name, value])), args };
}

describe("an agent's telemetry", () => {
  test("goes on with the trace that the operator reports", () => {
    const { values } = container(claude, [receiver]);
    const { traceId, spanId } = traceOf(UID) ?? {};
    assert.equal(values["TRACEPARENT"], `00-${traceId}-${spanId}-01`);
    assert.equal(values["CLAUDE_CODE_ENABLE_TELEMETRY"], "1");
    assert.match(
      values["OTEL_RESOURCE_ATTRIBUTES"] ?? "",
      /k8s\.namespace\.name=team,agent\.run\.name=fix-bug/,
    );
  });

  test("waits 3 s for a receiver, unless the user says otherwise", () => {
    const [limit, own] = ["OTEL_EXPORTER_OTLP_TIMEOUT", { name: "OTEL_EXPORTER_OTLP_TIMEOUT", value: "9" }];
    assert.equal(container(claude, [receiver]).values[limit], "3000");
    assert.equal(container(claude, [receiver, own]).values[limit], "9");
  });

  test("is off without a receiver", () => {
    for (const env of [[], [{ ...receiver, value: "" }]]) {
      const { values, args } = container(claude, env);
      for (const name of ["TRACEPARENT", "CLAUDE_CODE_ENABLE_TELEMETRY"])
        assert.equal(values[name], undefined);
      assert.ok(!args.join(" ").includes("otel."));
    }
  });

  test("reaches Codex as settings, by HTTP or gRPC, from a Secret too", () => {
    const setting = (env: EnvVar[]) =>
      container(codex, env).args.find((each) => each.startsWith("otel.trace"));
    const http =
      'otel.trace_exporter={otlp-http={endpoint="http://collector:4318/v1/traces",protocol="binary"}}';
    assert.equal(setting([receiver]), http);
    const grpc = { name: "OTEL_EXPORTER_OTLP_PROTOCOL", value: "grpc" };
    assert.equal(
      setting([{ ...receiver, value: "http://collector:4317" }, grpc]),
      'otel.trace_exporter={otlp-grpc={endpoint="http://collector:4317"}}',
    );
    const secret = { name: receiver.name, valueFrom: { secretKeyRef: { name: "otel", key: "url" } } };
    assert.equal(
      setting([secret]),
      'otel.trace_exporter={otlp-http={endpoint="$(OTEL_EXPORTER_OTLP_ENDPOINT)/v1/traces",protocol="binary"}}',
    );
    assert.equal(container(gemini, [receiver, grpc]).values["GEMINI_TELEMETRY_OTLP_PROTOCOL"], "grpc");
  });
});
