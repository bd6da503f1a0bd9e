import type { Fields, ToolCall } from "./model-conversation.ts";
import type { Fault, Usage } from "./model-scenario.ts";

/** One answer, before a protocol gives it its form. */
export interface Answer {
  /** Unique within the endpoint. */
  id: string;
  model: string;
  text: string;
  calls: readonly ToolCall[];
  usage: Usage;
  /** The model stopped at its limit of tokens. */
  tooLong: boolean;
}

/** How one API puts an answer, whole or as a stream of server-sent events. */
export interface Protocol {
  whole(answer: Answer): Fields;
  events(answer: Answer): string[];
  error(fault: Exclude<Fault, string>): Fields;
}

function stopReason(
  { tooLong, calls }: Answer,
  words: { tooLong: string; calls: string; end: string },
): string {
  if (tooLong) return words.tooLong;
  return calls.length > 0 ? words.calls : words.end;
}

function event(name: string, data: Fields): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
}

function anthropicBlocks({ id, text, calls }: Answer): Fields[] {
  return [
    ...(text === "" ? [] : [{ type: "text", text }]),
    ...calls.map(({ name, input }, index) => ({ type: "tool_use", id: `toolu_${id}_${index}`, name, input })),
  ];
}

function anthropicMessage(answer: Answer): Fields {
  const { id, model, usage } = answer;
  return {
    id: `msg_${id}`,
    type: "message",
    role: "assistant",
    model,
    content: anthropicBlocks(answer),
    stop_reason: stopReason(answer, { tooLong: "max_tokens", calls: "tool_use", end: "end_turn" }),
    stop_sequence: null,
    usage: {
      input_tokens: usage.input,
      cache_creation_input_tokens: usage.cacheWrite,
      cache_read_input_tokens: usage.cacheRead,
      output_tokens: usage.output,
    },
  };
}

function anthropicBlockEvents(block: Fields, index: number): string[] {
  const isText = block["type"] === "text";
  const start = isText ? { type: "text", text: "" } : { ...block, input: {} };
  const delta = isText
    ? { type: "text_delta", text: block["text"] }
    : { type: "input_json_delta", partial_json: JSON.stringify(block["input"]) };
  return [
    event("content_block_start", { index, content_block: start }),
    event("content_block_delta", { index, delta }),
    event("content_block_stop", { index }),
  ];
}

/** Anthropic's Messages API: `POST /v1/messages`. */
export const anthropic: Protocol = {
  whole: anthropicMessage,
  events(answer) {
    const message = anthropicMessage(answer);
    return [
      event("message_start", {
        message: {
          ...message,
          content: [],
          stop_reason: null,
          usage: { ...Object(message["usage"]), output_tokens: 1 },
        },
      }),
      ...anthropicBlocks(answer).flatMap(anthropicBlockEvents),
      event("message_delta", {
        delta: { stop_reason: message["stop_reason"], stop_sequence: null },
        usage: { output_tokens: answer.usage.output },
      }),
      event("message_stop", {}),
    ];
  },
  error: ({ status, type, message }) => ({
    type: "error",
    error: { type: type ?? errorType(status), message: message ?? errorType(status) },
  }),
};

/** The names that Anthropic's API gives its errors. */
function errorType(status: number): string {
  const types: Readonly<Record<number, string>> = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
  };
  return types[status] ?? "api_error";
}

function openaiCalls({ id, calls }: Answer): Fields[] {
  return calls.map(({ name, input }, index) => ({
    index,
    id: `call_${id}_${index}`,
    type: "function",
    function: { name, arguments: JSON.stringify(input) },
  }));
}

function openaiUsage({ usage }: Answer): Fields {
  const prompt = usage.input + usage.cacheRead;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
  };
}

function openaiReason(answer: Answer): string {
  return stopReason(answer, { tooLong: "length", calls: "tool_calls", end: "stop" });
}

function openaiFrame({ id, model }: Answer, object: string): Fields {
  return { id: `chatcmpl_${id}`, object, created: 0, model };
}

/** OpenAI's chat completions: `POST /v1/chat/completions`. */
export const openai: Protocol = {
  whole(answer) {
    const calls = openaiCalls(answer);
    const message = {
      role: "assistant",
      content: answer.text,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    };
    return {
      ...openaiFrame(answer, "chat.completion"),
      choices: [{ index: 0, message, finish_reason: openaiReason(answer) }],
      usage: openaiUsage(answer),
    };
  },
  events(answer) {
    const calls = openaiCalls(answer);
    const frame = openaiFrame(answer, "chat.completion.chunk");
    const chunk = (fields: Fields): string => `data: ${JSON.stringify({ ...frame, ...fields })}\n\n`;
    const part = (delta: Fields, reason: string | null = null): string =>
      chunk({ choices: [{ index: 0, delta, finish_reason: reason }] });
    return [
      part({ role: "assistant", content: answer.text }),
      ...(calls.length > 0 ? [part({ tool_calls: calls })] : []),
      part({}, openaiReason(answer)),
      chunk({ choices: [], usage: openaiUsage(answer) }),
      "data: [DONE]\n\n",
    ];
  },
  error: ({ status, type, message }) => ({
    error: { type: type ?? errorType(status), message: message ?? errorType(status), code: status },
  }),
};
