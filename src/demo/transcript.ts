import type { Agent, Utterance } from "../agents/agent.ts";
import { jsonLines } from "../agents/output.ts";

/** What a line of the agent's log says to people; any other line says nothing. */
export function utterancesOf(agent: Agent, line: string): Utterance[] {
  return jsonLines(line).flatMap((event) => agent.demo?.utterances(event) ?? []);
}
