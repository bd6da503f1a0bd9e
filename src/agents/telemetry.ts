import type { EnvVar } from "../kube/builtin.ts";
import { literalValue } from "./values.ts";

/** The base URL of the receiver. Source: OpenTelemetry's specification of its OTLP exporter. */
export const OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";

/** Whether the user's variables name a receiver of OpenTelemetry data: the agent then reports what it does. */
export function sendsTelemetry(env: readonly EnvVar[]): boolean {
  const endpoint = env.find(({ name }) => name === OTLP_ENDPOINT);
  return endpoint !== undefined && endpoint.value !== "" && literalValue(env, "OTEL_SDK_DISABLED") !== "true";
}

/** Whether the receiver speaks gRPC. Else it is HTTP, with the signal's path below the base URL. */
export function sendsByGrpc(env: readonly EnvVar[]): boolean {
  return literalValue(env, "OTEL_EXPORTER_OTLP_PROTOCOL") === "grpc";
}
