import { objectOf, type JsonObject } from "../kube/json.ts";
import { asList, readTools, textOf } from "./model-conversation.ts";
import type { Conversation, Tool, ToolCall } from "./model-conversation.ts";
import { errorType } from "./model-protocol.ts";
import type { Answer, Protocol } from "./model-protocol.ts";

/** OpenAI's responses: `POST /v1/responses`. */
export const responses: Protocol = {
  serves: (pathname) => pathname.endsWith("/responses"),
  read,
  whole: (answer) => response(answer, answer.tooLong ? "incomplete" : "completed"),
  events(answer) {
    const end = answer.tooLong ? "incomplete" : "completed";
    return [
      event("response.created", { response: { ...response(answer, "in_progress"), output: [] } }),
      ...itemsOf(answer).flatMap(itemEvents),
      event(`response.${end}`, { response: response(answer, end) }),
    ];
  },
  error: ({ status, type, message }) => ({
    error: { type: type ?? errorType(status), message: message ?? errorType(status), code: String(status) },
  }),
};

function event(name: string, data: JsonObject): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
}

/** What the model itself has said; the results of its calls and the user's messages are the others. */
const SAID_BY_MODEL = ["reasoning", "function_call", "custom_tool_call"];

function read(body: JsonObject): Conversation {
  const items = asList(body["input"]).map(objectOf);
  const said = items.filter(({ role }) => role === "user").flatMap(({ content }) => textsOf(content));
  const isModels = ({ type, role }: JsonObject): boolean =>
    role === "assistant" || SAID_BY_MODEL.includes(String(type));
  const directory = said.map((text) => /<cwd>(.*)<\/cwd>/.exec(text)?.[1]).find(Boolean);
  return {
    // An agent says in the user's name where it runs.
    prompt: said.filter((text) => !text.startsWith("<environment_context>")).join("\n"),
    answers: items.filter((item, index) => isModels(item) && !isModels(items[index - 1] ?? {})).length,
    tools: toolsOf(body, items),
    model: String(body["model"] ?? "scripted"),
    stream: body["stream"] === true,
    ...(directory === undefined ? {} : { workingDirectory: directory }),
  };
}

function textsOf(content: unknown): string[] {
  return typeof content === "string" ? [content] : asList(content).map((block) => textOf([block]));
}

/** Tools can be in the conversation itself; if one runs scripts, they alone reach the shell. */
function toolsOf(body: JsonObject, items: readonly JsonObject[]): Tool[] {
  const later = items.filter(({ type }) => type === "additional_tools").map(({ tools }) => tools);
  const tools = [body["tools"], ...later].flatMap(readTools);
  const shell = { name: "exec_command", properties: ["cmd"] };
  return tools.some(({ runsScripts }) => runsScripts) ? [...tools, shell] : tools;
}

function itemsOf({ id, text, calls }: Answer): JsonObject[] {
  const content = [{ type: "output_text", text, annotations: [] }];
  return [
    ...(text === "" ? [] : [{ id: `msg_${id}`, type: "message", role: "assistant", content }]),
    ...calls.map((call, index) => callItem(call, `${id}_${index}`)),
  ];
}

function callItem({ name, namespace, input, script }: ToolCall, id: string): JsonObject {
  return {
    call_id: `call_${id}`,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(script === undefined
      ? { id: `fc_${id}`, type: "function_call", arguments: JSON.stringify(input) }
      : { id: `ctc_${id}`, type: "custom_tool_call", input: script }),
  };
}

function itemEvents(item: JsonObject, index: number): string[] {
  return [
    event("response.output_item.added", { output_index: index, item: { ...item, status: "in_progress" } }),
    event("response.output_item.done", { output_index: index, item: { ...item, status: "completed" } }),
  ];
}

function response(answer: Answer, status: string): JsonObject {
  const { id, model, usage, tooLong } = answer;
  const input = usage.input + usage.cacheRead;
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: 0,
    model,
    status,
    incomplete_details: tooLong ? { reason: "max_output_tokens" } : null,
    output: itemsOf(answer),
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: usage.cacheRead },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + usage.output,
    },
  };
}
