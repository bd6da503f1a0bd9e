/** The place of a run in a trace, as W3C's Trace Context has it: 32 and 16 hexadecimal digits. */
export interface RunTrace {
  traceId: string;
  spanId: string;
}

/** The trace of a run is its UID, so that the operator and the agent report to the same one without asking each other. */
export function traceOf(uid: string): RunTrace | undefined {
  const traceId = uid.replaceAll("-", "").toLowerCase();
  return /^[0-9a-f]{32}$/.test(traceId) ? { traceId, spanId: traceId.slice(0, 16) } : undefined;
}
