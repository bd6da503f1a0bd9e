import { isAbsolute, join } from "node:path";
import type { Action } from "./model-scenario.ts";

/** A JSON object of a request, its fields still to be looked at. */
export type Fields = Readonly<Record<string, unknown>>;

/** What a scripted model needs to know of a request, in either protocol. */
export interface Conversation {
  /** All that the user said, first message first. */
  prompt: string;
  /** Answers that the model has given so far. */
  answers: number;
  tools: Tool[];
  workingDirectory?: string;
  stream: boolean;
}

export interface Tool {
  name: string;
  /** Names of its arguments. */
  properties: readonly string[];
}

/** A call of a tool as both protocols carry it. */
export interface ToolCall {
  name: string;
  input: Fields;
}

/** Reads a request of Anthropic's Messages or OpenAI's chat completions: both hold messages and tools. */
export function readConversation(body: Fields): Conversation {
  const messages = asList(body["messages"]).map(asFields);
  const system = `${textOf(body["system"])}\n${messages
    .filter(({ role }) => role === "system" || role === "developer")
    .map(({ content }) => textOf(content))
    .join("\n")}`;
  const directory = /working directory:\s*(\/\S.*)/i.exec(system)?.[1]?.trim();
  return {
    prompt: messages
      .filter(({ role }) => role === "user")
      .map(({ content }) => textOf(content))
      .join("\n"),
    answers: messages.filter(({ role }) => role === "assistant").length,
    tools: asList(body["tools"]).map(readTool),
    stream: body["stream"] === true,
    ...(directory === undefined ? {} : { workingDirectory: directory }),
  };
}

/** The agent's own tool for an action: names and arguments differ between agents. */
export function toolCallOf(action: Action, { tools, workingDirectory }: Conversation): ToolCall {
  if ("tool" in action) return { name: action.tool, input: action.input };
  if ("run" in action) {
    const tool = toolNamed(tools, "bash");
    return { name: tool.name, input: { command: action.run, description: "Run a command" } };
  }
  const tool = toolNamed(tools, "write");
  const { path, content } = action.write;
  const file = isAbsolute(path) ? path : join(workingDirectory ?? ".", path);
  return {
    name: tool.name,
    input: { [tool.properties.includes("file_path") ? "file_path" : "filePath"]: file, content },
  };
}

function toolNamed(tools: readonly Tool[], name: string): Tool {
  return tools.find((tool) => tool.name.toLowerCase() === name) ?? { name, properties: [] };
}

function readTool(value: unknown): Tool {
  const tool = asFields(value);
  const declared = "function" in tool ? asFields(tool["function"]) : tool;
  const schema = asFields(declared["input_schema"] ?? declared["parameters"]);
  return { name: String(declared["name"]), properties: Object.keys(asFields(schema["properties"])) };
}

/** The text of a message's content: a string, or a list of blocks. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return asList(content)
    .map((block) => asFields(block)["text"])
    .filter((text) => typeof text === "string")
    .join("\n");
}

export function asFields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
