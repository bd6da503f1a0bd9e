import type { Activity } from "./agent.ts";
import { asObject } from "./output.ts";

/** What an agent said; nothing for blanks and for what is no text. */
export function said(text: unknown): Activity[] {
  return typeof text === "string" && text.trim() !== "" ? [{ kind: "text", text: text.trim() }] : [];
}

/** A tool with the one input that tells most: the command, else the file. */
export function used(name: unknown, input: unknown): Activity[] {
  if (typeof name !== "string") return [];
  const fields = asObject(input) ?? {};
  const detail = fields["command"] ?? fields["file_path"] ?? fields["filePath"] ?? fields["path"];
  return [{ kind: "tool", text: typeof detail === "string" ? `${name}: ${detail}` : name }];
}
