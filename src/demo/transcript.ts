/** One thing that an agent did, for people to read while it happens. */
export interface Utterance {
  kind: "text" | "tool";
  text: string;
}

type Fields = Record<string, unknown>;

/**
 * What a line of the agent's log says to people: claude's `stream-json` or opencode's `--format json`.
 * Any other line says nothing.
 */
export function utterancesOf(line: string): Utterance[] {
  const event = parseFields(line);
  if (event === undefined) return [];
  return event["type"] === "assistant" ? ofClaude(event) : ofOpencode(event);
}

function ofClaude(event: Fields): Utterance[] {
  const content = fieldsOf(event["message"])?.["content"];
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: unknown) => {
    const block = fieldsOf(part);
    if (block?.["type"] === "text") return said(block["text"]);
    if (block?.["type"] === "tool_use") return used(block["name"], block["input"]);
    return [];
  });
}

function ofOpencode(event: Fields): Utterance[] {
  const part = fieldsOf(event["part"]);
  if (event["type"] === "text") return said(part?.["text"]);
  if (event["type"] === "tool_use") return used(part?.["tool"], fieldsOf(part?.["state"])?.["input"]);
  return [];
}

function said(text: unknown): Utterance[] {
  return typeof text === "string" && text.trim() !== "" ? [{ kind: "text", text: text.trim() }] : [];
}

/** A tool with the one input that tells most: the command, else the file. */
function used(name: unknown, input: unknown): Utterance[] {
  if (typeof name !== "string") return [];
  const fields = fieldsOf(input) ?? {};
  const detail = fields["command"] ?? fields["file_path"] ?? fields["filePath"] ?? fields["path"];
  return [{ kind: "tool", text: typeof detail === "string" ? `${name}: ${detail}` : name }];
}

function parseFields(line: string): Fields | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
