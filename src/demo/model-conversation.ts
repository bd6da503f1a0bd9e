import { objectOf, type JsonObject } from "../kube/json.ts";
import { isAbsolute, join } from "node:path";
import type { Action } from "./model-scenario.ts";

/** A JSON object of a request, its fields still to be looked at. */
/** What a scripted model needs to know of a request, in any protocol. */
export interface Conversation {
  /** All that the user said, first message first. */
  prompt: string;
  /** Answers that the model has given so far. */
  answers: number;
  tools: Tool[];
  /** As the request names it. */
  model: string;
  workingDirectory?: string;
  stream: boolean;
  /** The answer is to be JSON. */
  json?: boolean;
}

export interface Tool {
  name: string;
  /** The group that an agent offers the tool in, if the protocol has such. */
  namespace?: string;
  /** Names of its arguments. */
  properties: readonly string[];
  /** It takes no arguments but a script that calls the other tools. */
  runsScripts?: boolean;
}

/** A call of a tool as every protocol carries it. */
export interface ToolCall {
  name: string;
  namespace?: string;
  input: JsonObject;
  /** Given in place of the input to a tool that runs scripts. */
  script?: string;
}

/** Reads a request of Anthropic's Messages or OpenAI's chat completions: both hold messages and tools. */
export function readMessages(body: JsonObject): Conversation {
  const messages = asList(body["messages"]).map(objectOf);
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
    tools: readTools(body["tools"]),
    model: String(body["model"] ?? "scripted"),
    stream: body["stream"] === true,
    ...(directory === undefined ? {} : { workingDirectory: directory }),
  };
}

/** What agents call the tool that runs a command line, and the tool that writes a file. */
const SHELL_TOOLS = ["bash", "exec_command", "run_shell_command"];
const WRITE_TOOLS = ["write", "write_file"];

/** The agent's own tool for an action: names and arguments differ between agents. */
export function toolCallOf(action: Action, conversation: Conversation): ToolCall {
  const call = directCall(action, conversation);
  const runner = conversation.tools.find(({ runsScripts }) => runsScripts);
  const script = `text(await tools.${call.name}(${JSON.stringify(call.input)}));`;
  return runner ? { ...callOf(runner, runner.name, {}), script } : call;
}

function directCall(action: Action, { tools, workingDirectory }: Conversation): ToolCall {
  if ("tool" in action) return callOf(tools.find(isNamed(action.tool)), action.tool, action.input);
  if ("run" in action) return shellCall(action.run, tools);
  const tool = tools.find(({ name }) => WRITE_TOOLS.includes(name.toLowerCase()));
  const { path, content } = action.write;
  const file = isAbsolute(path) ? path : join(workingDirectory ?? ".", path);
  if (!tool) return shellCall(`printf %s ${quoted(content)} >${quoted(file)}`, tools);
  const property = tool.properties.includes("filePath") ? "filePath" : "file_path";
  return callOf(tool, tool.name, { [property]: file, content });
}

function shellCall(command: string, tools: readonly Tool[]): ToolCall {
  const tool = tools.find(({ name }) => SHELL_TOOLS.includes(name.toLowerCase()));
  const property = tool?.properties.includes("cmd") ? "cmd" : "command";
  const description = tool?.properties.includes("description") ? { description: "Run a command" } : {};
  return callOf(tool, "bash", { [property]: command, ...description });
}

function callOf(tool: Tool | undefined, name: string, input: JsonObject): ToolCall {
  const namespace = tool?.namespace;
  return { name: tool?.name ?? name, ...(namespace === undefined ? {} : { namespace }), input };
}

/** A tool of a group is named with it: `group.tool`, or by its own name if that is unique. */
function isNamed(name: string): (tool: Tool) => boolean {
  return (tool) => name === tool.name || name === `${tool.namespace}.${tool.name}`;
}

/** A word of a shell's command line. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The tools of a request, in whichever form an API has them. */
export function readTools(tools: unknown): Tool[] {
  return asList(tools).map(objectOf).flatMap(readTool);
}

function readTool(tool: JsonObject): Tool[] {
  if (tool["type"] === "namespace") {
    const namespace = String(tool["name"]);
    return readTools(tool["tools"]).map((each) => ({ ...each, namespace }));
  }
  const declared = "function" in tool ? objectOf(tool["function"]) : tool;
  const schema = objectOf(
    declared["input_schema"] ?? declared["parameters"] ?? declared["parametersJsonSchema"],
  );
  return [
    {
      name: String(declared["name"]),
      properties: Object.keys(objectOf(schema["properties"])),
      runsScripts: tool["type"] === "custom" && declared["name"] === "exec",
    },
  ];
}

/** The text of a message's content: a string, or a list of blocks. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return asList(content)
    .map((block) => objectOf(block)["text"])
    .filter((text) => typeof text === "string")
    .join("\n");
}

/** A list, or none if the value is something else. */
export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
