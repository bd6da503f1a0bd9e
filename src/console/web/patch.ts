/** A file of a patch. */
export interface PatchedFile {
  path: string;
  added: number;
  removed: number;
  lines: PatchLine[];
}

export interface PatchLine {
  kind: "added" | "removed" | "same" | "hunk" | "note";
  text: string;
  /** Its number in the old and in the new file. */
  before?: number;
  after?: number;
}

/** The files of a patch in git's format. Whatever else the text holds comes as notes: nothing is lost, nothing throws. */
export function readPatch(text: string): PatchedFile[] {
  const files: PatchedFile[] = [];
  let [before, after, beforeLeft, afterLeft] = [0, 0, 0, 0];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const file = files.at(-1);
    const isInHunk = beforeLeft > 0 || afterLeft > 0;
    const header = isInHunk ? null : /^diff --git (?:"?a\/)?(.*?)"? "?b\/(.*?)"?$/.exec(line);
    if (header) {
      files.push({ path: header[2] ?? "", added: 0, removed: 0, lines: [] });
      continue;
    }
    if (file === undefined) continue;
    const hunk = isInHunk ? null : /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[3])];
      [beforeLeft, afterLeft] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      file.lines.push({ kind: "hunk", text: line });
    } else if (isInHunk && line.startsWith("+")) {
      file.lines.push({ kind: "added", text: line.slice(1), after: after++ });
      file.added++;
      afterLeft--;
    } else if (isInHunk && line.startsWith("-")) {
      file.lines.push({ kind: "removed", text: line.slice(1), before: before++ });
      file.removed++;
      beforeLeft--;
    } else if (isInHunk && (line.startsWith(" ") || line === "")) {
      file.lines.push({ kind: "same", text: line.slice(1), before: before++, after: after++ });
      beforeLeft--;
      afterLeft--;
    } else if (!/^(?:index |--- |\+\+\+ )/.test(line)) file.lines.push({ kind: "note", text: line });
  }
  return files;
}
