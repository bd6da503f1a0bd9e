import { sendsTelemetry } from "../../agents/telemetry.ts";
import type { EnvVar } from "../../kube/builtin.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { traceOf } from "../run-trace.ts";
import { literalEnv } from "./env.ts";

/** Agents wait for a receiver when they end, most of them 10 s if nothing else is said. */
const SEND_LIMIT_MS = 3_000;

/** What joins an agent's own telemetry to its run, if the user's variables name a receiver; these win. */
export function telemetryEnv({ env, namespace, name, uid }: ResolvedRun): EnvVar[] {
  if (!sendsTelemetry(env)) return [];
  const trace = traceOf(uid);
  return literalEnv({
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_TIMEOUT: String(SEND_LIMIT_MS),
    OTEL_RESOURCE_ATTRIBUTES: `k8s.namespace.name=${namespace},agent.run.name=${name},agent.run.uid=${uid}`,
    TRACEPARENT: trace && `00-${trace.traceId}-${trace.spanId}-01`,
  });
}
