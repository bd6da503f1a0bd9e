import { structuredPatch } from "diff";
import { asObject, type JsonObject } from "../../kube/json.ts";
import { printable } from "../../kube/printable.ts";
import { readPatch, type PatchLine } from "./patch.ts";

/** What a tool changes in a file. */
export interface Edit {
  path: string;
  lines: readonly PatchLine[];
}

/** Comparing takes the square of what differs; an agent chooses what it writes. */
const [MAX_TEXT, MAX_EDITS, MAX_DIFFERENCES, MAX_MS] = [60_000, 20, 2000, 50];

/** What the arguments of a tool replace or write in files, under the names that agents give them; none for other tools. */
export function editsOf(input: JsonObject): Edit[] {
  const path = textOf(input, "file_path", "filePath", "path");
  if (path === undefined) return [];
  const parts: unknown[] = Array.isArray(input["edits"]) ? input["edits"] : [input];
  return parts.slice(0, MAX_EDITS).flatMap((part) => {
    const fields = asObject(part) ?? {};
    const before = textOf(fields, "old_string", "oldString");
    const after = textOf(fields, "new_string", "newString", "content");
    if (after === undefined || before === after) return [];
    return compared(printable(path), before ?? "", after);
  });
}

function compared(path: string, before: string, after: string): Edit[] {
  if (before.length + after.length > MAX_TEXT) return [];
  const limits = { maxEditLength: MAX_DIFFERENCES, timeout: MAX_MS };
  const patch = structuredPatch("a", "b", before, after, "", "", { context: 3, ...limits });
  const text = patch?.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    ...lines,
  ]);
  if (text === undefined || text.length === 0) return [];
  const [file] = readPatch(["diff --git a/x b/x", ...text].join("\n"));
  // Where in the file it is, nobody knows: the agent gave a text and no place.
  const lines = (file?.lines ?? []).filter(({ kind }) => kind !== "hunk" && kind !== "note");
  return [{ path, lines: lines.map(({ kind, text: line }) => ({ kind, text: line })) }];
}

function textOf(fields: JsonObject, ...names: readonly string[]): string | undefined {
  return names.map((name) => fields[name]).find((value) => typeof value === "string");
}
