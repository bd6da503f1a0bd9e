import { pino } from "pino";
import { ApiError } from "../client/errors.ts";
import { printableJson } from "../kube/printable.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Structured logging: `fields` become members of the JSON line. An `error` field is written with its stack. */
export interface Log {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  /** A log whose lines all carry `fields`. */
  child(fields: Record<string, unknown>): Log;
}

/**
 * One JSON object a line, on stdout or through `write`. Objects of the cluster are never logged
 * whole, and requests only by method and path: no header, body or Secret value gets here.
 */
export function createLog(options: { level: LogLevel; write?: (line: string) => void }): Log {
  const { level, write } = options;
  const stdout = write === undefined ? pino.destination({ dest: 1, sync: true }) : { write };
  // Error messages quote what servers and programs have said.
  const destination = { write: (line: string) => void stdout.write(printableJson(line)) };
  return pino(
    {
      level,
      base: null,
      messageKey: "message",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorFields },
    },
    destination,
  );
}

/** What a log line says about an error: for a failed call its code and reason, for anything else the stack. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (error instanceof ApiError) {
    const { code, reason, message } = error;
    return { message, code, ...(reason !== "" && { reason }), ...causeOf(error) };
  }
  if (error instanceof Error) return { message: error.message, stack: error.stack, ...causeOf(error) };
  return { message: String(error) };
}

function causeOf(error: Error): { cause?: string } {
  return error.cause instanceof Error ? { cause: error.cause.message } : {};
}
