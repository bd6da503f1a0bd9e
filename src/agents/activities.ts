import type { Activity, Detail } from "./agent.ts";
import { asText, jsonLines } from "./output.ts";
import type { JsonObject } from "../kube/json.ts";
import { asObject } from "../kube/json.ts";

/** Reads the lines of an agent that writes one JSON object a line. */
export function inEvents(
  activities: (event: JsonObject) => (Activity | Detail)[],
): (line: string) => (Activity | Detail)[] {
  return (line) => jsonLines(line).flatMap(activities);
}

/** What an agent said; nothing for blanks and for what is no text. */
export function said(text: unknown): Activity[] {
  return typeof text === "string" && text.trim() !== "" ? [{ kind: "text", text: text.trim() }] : [];
}

/** What an agent thought before it said or did something. */
export function thought(text: unknown): Detail[] {
  return said(text).map((activity) => ({ kind: "thinking", text: activity.text }));
}

/** A tool with the one input that says most: the command, else the file. `use` is what its output names it by. */
export function used(name: unknown, input: unknown, use?: unknown): Activity[] {
  if (typeof name !== "string") return [];
  const fields = asObject(input) ?? {};
  const detail = fields["command"] ?? fields["file_path"] ?? fields["filePath"] ?? fields["path"];
  const text = typeof detail === "string" ? `${name}: ${detail}` : name;
  return [{ kind: "tool", text, input: fields, ...(typeof use === "string" ? { use } : {}) }];
}

/** What a tool answered: a text, or parts of which some have one. */
export function answered(use: unknown, output: unknown, failed: boolean): Detail[] {
  if (typeof use !== "string") return [];
  const parts: unknown[] = Array.isArray(output) ? output : [{ text: output }];
  const texts = parts.map((part) => asText(asObject(part)?.["text"])).filter((text) => text !== undefined);
  return [{ kind: "output", text: texts.join("\n"), use, failed }];
}

/** A model that did not answer and is asked again. */
export function retried(why: string, more: { attempt?: string; delayMs?: number } = {}): Activity[] {
  const attempt = more.attempt === undefined ? "" : `, attempt ${more.attempt}`;
  const delay =
    more.delayMs === undefined ? "" : `, again in ${Math.max(1, Math.round(more.delayMs / 1000))} s`;
  return [{ kind: "retry", cause: why, text: `the model did not answer (${why})${attempt}${delay}` }];
}
