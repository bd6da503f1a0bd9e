import type { Client } from "../../client/client.ts";
import { ApiError, isApiError } from "../../client/errors.ts";

/** One thing that was looked at. */
export interface Finding {
  status: "ok" | "warning" | "problem";
  subject: string;
  message: string;
  /** What to do; absent if nothing is to be done. */
  remedy?: string;
}

/** Where a check looks. */
export interface CheckContext {
  client: Client;
  /** Whose AgentProviders and Pod Security level are looked at. */
  namespace: string;
  operatorNamespace: string;
  operatorAccount: string;
  /** Milliseconds since the epoch. */
  now: number;
}

export type Check = (context: CheckContext) => Promise<Finding[]>;

export function ok(subject: string, message: string): Finding {
  return { status: "ok", subject, message };
}

export function warning(subject: string, message: string, remedy: string): Finding {
  return { status: "warning", subject, message, remedy };
}

export function problem(subject: string, message: string, remedy: string): Finding {
  return { status: "problem", subject, message, remedy };
}

/** For an object that is not there. */
export function absent(error: unknown): undefined {
  if (!isApiError(error, "NotFound")) throw error;
}

/** Where the CRD is missing, which is its own finding. */
export function none(error: unknown): { items: never[] } {
  if (error instanceof ApiError && error.code === 404) return { items: [] };
  throw error;
}
