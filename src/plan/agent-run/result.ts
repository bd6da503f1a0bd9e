import type { AgentReport } from "../../agents/agent.ts";
import type { AgentRunResult, AgentRunSpec, AgentRunStatus } from "../../api/agent-run.ts";
import { formatCost } from "../../agents/output.ts";
import { MAX_RESULT_TEXT } from "../../api/bounds.ts";
import { wrongData } from "./result-data.ts";
import type { Ending } from "./ending.ts";

/** What the agent and git reported, as status shows it; unknown stays absent. */
export function resultOf(
  { report, git, repositories }: Ending,
  { resultSchema }: Pick<AgentRunSpec, "resultSchema">,
): AgentRunResult | undefined {
  if (!report && !git) return undefined;
  return {
    sessionId: report?.sessionId,
    turns: report?.turns,
    tokens: report?.tokens,
    costUSD: report?.costUSD,
    ...textOf(report?.text),
    ...dataOf(report, resultSchema),
    git,
    repositories,
  };
}

/** What the attempts with these results used together; a part that none of them reported is absent. */
export function usageOf(results: readonly (AgentRunResult | undefined)[]): AgentRunStatus["usage"] {
  const told = results.filter((result) => result !== undefined);
  const tokens = told.flatMap((result) => result.tokens ?? []);
  const costs = told.flatMap(({ costUSD }) => costUSD ?? []);
  if (tokens.length === 0 && costs.length === 0) return undefined;
  const sum = (values: readonly (number | undefined)[]): number =>
    values.reduce<number>((total, value = 0) => total + value, 0);
  return {
    ...(tokens.length === 0
      ? {}
      : {
          tokens: {
            input: sum(tokens.map(({ input }) => input)),
            output: sum(tokens.map(({ output }) => output)),
            cacheRead: sum(tokens.map(({ cacheRead }) => cacheRead)),
            cacheWrite: sum(tokens.map(({ cacheWrite }) => cacheWrite)),
          },
        }),
    ...(costs.length === 0 ? {} : { costUSD: formatCost(sum(costs.map(Number))) }),
  };
}

/** Only what is wanted, and what is of its form. */
function dataOf(report: AgentReport | undefined, schema: string | undefined): Pick<AgentRunResult, "data"> {
  if (schema === undefined || report?.data === undefined || wrongData(schema, report) !== undefined)
    return {};
  return { data: JSON.stringify(report.data) };
}

function textOf(text: string | undefined): Pick<AgentRunResult, "text" | "textTruncated"> {
  if (text === undefined) return {};
  const characters = [...text];
  if (characters.length <= MAX_RESULT_TEXT) return { text };
  return { text: `${characters.slice(0, MAX_RESULT_TEXT - 1).join("")}…`, textTruncated: true };
}
