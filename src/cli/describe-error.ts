import { isApiError } from "../client/errors.ts";
import { printable } from "../kube/printable.ts";
import type { Config } from "./config.ts";

/** What went wrong, in words that a terminal can show: those of the server, without the path that was asked for. */
export function describeError(error: unknown, { debug }: Pick<Config, "debug">): string {
  return printable(textOf(error, debug));
}

function textOf(error: unknown, debug: boolean): string {
  if (isApiError(error)) return textOfAnswer(error);
  if (!(error instanceof Error)) return String(error);
  if (debug) return error.stack ?? error.message;
  const isOurs = [TypeError, ReferenceError, RangeError, SyntaxError].some((type) => error instanceof type);
  return isOurs
    ? `${error.name}: ${error.message}. This is a mistake in the program: report it with what AGENT_OPERATOR_DEBUG=1 adds`
    : error.message;
}

function textOfAnswer(error: {
  code: number;
  message: string;
  status?: { message?: string } | undefined;
}): string {
  const said = error.status?.message ?? error.message.replace(/^[A-Z]+ \/\S*: /, "");
  if (error.code === 401)
    return `${said}: the cluster does not know you; log in again, or choose another context with --context`;
  if (error.code === 404 && /could not find the requested resource|page not found/.test(said))
    return "the cluster has no AgentRuns: install the operator with `agent-operator install`, or choose another context with --context";
  return said;
}
