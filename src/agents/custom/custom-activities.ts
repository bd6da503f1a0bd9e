import type { Activity } from "../agent.ts";
import { jsonLines } from "../output.ts";
import { said } from "../activities.ts";

/** What a line of a program's output says to people: itself. Events, of whose ever, are for programs. */
export function customActivities(line: string): Activity[] {
  return jsonLines(line).length === 0 ? said(line.trimEnd()) : [];
}
