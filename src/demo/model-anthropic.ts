import type { JsonObject } from "../kube/json.ts";
import { readMessages } from "./model-conversation.ts";
import { errorType, stopReason } from "./model-protocol.ts";
import type { Answer, Protocol } from "./model-protocol.ts";

function event(name: string, data: JsonObject): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
}

function blocksOf({ id, text, calls }: Answer): JsonObject[] {
  return [
    ...(text === "" ? [] : [{ type: "text", text }]),
    ...calls.map(({ name, input }, index) => ({ type: "tool_use", id: `toolu_${id}_${index}`, name, input })),
  ];
}

function messageOf(answer: Answer): JsonObject {
  const { id, model, usage } = answer;
  return {
    id: `msg_${id}`,
    type: "message",
    role: "assistant",
    model,
    content: blocksOf(answer),
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

function blockEvents(block: JsonObject, index: number): string[] {
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
  serves: (pathname) => pathname.endsWith("/messages"),
  read: readMessages,
  whole: messageOf,
  events(answer) {
    const message = messageOf(answer);
    return [
      event("message_start", {
        message: {
          ...message,
          content: [],
          stop_reason: null,
          usage: { ...Object(message["usage"]), output_tokens: 1 },
        },
      }),
      ...blocksOf(answer).flatMap(blockEvents),
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
