import type { Activity } from "./agent.ts";
import { jsonLines } from "./output.ts";
import type { JsonObject } from "../kube/json.ts";
import { asObject } from "../kube/json.ts";

/** Reads the lines of an agent that writes one JSON object a line. */
export function inEvents(activities: (event: JsonObject) => Activity[]): (line: string) => Activity[] {
  return (line) => jsonLines(line).flatMap(activities);
}

/** What an agent said; nothing for blanks and for what is no text. */
export function said(text: unknown): Activity[] {
  return typeof text === "string" && text.trim() !== "" ? [{ kind: "text", text: text.trim() }] : [];
}

/** A tool with the one input that says most: the command, else the file. */
export function used(name: unknown, input: unknown): Activity[] {
  if (typeof name !== "string") return [];
  const fields = asObject(input) ?? {};
  const detail = fields["command"] ?? fields["file_path"] ?? fields["filePath"] ?? fields["path"];
  return [{ kind: "tool", text: typeof detail === "string" ? `${name}: ${detail}` : name }];
}

/** A model that did not answer and is asked again. */
export function retried(why: string, more: { attempt?: string; delayMs?: number } = {}): Activity[] {
  const attempt = more.attempt === undefined ? "" : `, attempt ${more.attempt}`;
  const delay =
    more.delayMs === undefined ? "" : `, again in ${Math.max(1, Math.round(more.delayMs / 1000))} s`;
  return [{ kind: "retry", cause: why, text: `the model did not answer (${why})${attempt}${delay}` }];
}
