import type { Agent, Activity } from "../agents/agent.ts";
import { jsonLines } from "../agents/output.ts";

/** What a line of the agent's log says to people; any other line says nothing. */
export function activitiesOf(agent: Agent, line: string): Activity[] {
  return jsonLines(line).flatMap((event) => agent.demo?.activities(event) ?? []);
}
