import type { JsonObject } from "../kube/json.ts";
import { readMessages } from "./model-conversation.ts";
import { errorType, stopReason } from "./model-protocol.ts";
import type { Answer, Protocol } from "./model-protocol.ts";

function callsOf({ id, calls }: Answer): JsonObject[] {
  return calls.map(({ name, input }, index) => ({
    index,
    id: `call_${id}_${index}`,
    type: "function",
    function: { name, arguments: JSON.stringify(input) },
  }));
}

function usageIn({ usage }: Answer): JsonObject {
  const prompt = usage.input + usage.cacheRead;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
  };
}

function reasonOf(answer: Answer): string {
  return stopReason(answer, { tooLong: "length", calls: "tool_calls", end: "stop" });
}

function frameOf({ id, model }: Answer, object: string): JsonObject {
  return { id: `chatcmpl_${id}`, object, created: 0, model };
}

/** OpenAI's chat completions: `POST /v1/chat/completions`. */
export const chatCompletions: Protocol = {
  serves: (pathname) => pathname.endsWith("/chat/completions"),
  read: readMessages,
  whole(answer) {
    const calls = callsOf(answer);
    const message = {
      role: "assistant",
      content: answer.text,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    };
    return {
      ...frameOf(answer, "chat.completion"),
      choices: [{ index: 0, message, finish_reason: reasonOf(answer) }],
      usage: usageIn(answer),
    };
  },
  events(answer) {
    const calls = callsOf(answer);
    const frame = frameOf(answer, "chat.completion.chunk");
    const chunk = (fields: JsonObject): string => `data: ${JSON.stringify({ ...frame, ...fields })}\n\n`;
    const part = (delta: JsonObject, reason: string | null = null): string =>
      chunk({ choices: [{ index: 0, delta, finish_reason: reason }] });
    return [
      part({ role: "assistant", content: answer.text }),
      ...(calls.length > 0 ? [part({ tool_calls: calls })] : []),
      part({}, reasonOf(answer)),
      chunk({ choices: [], usage: usageIn(answer) }),
      "data: [DONE]\n\n",
    ];
  },
  error: ({ status, type, message }) => ({
    error: { type: type ?? errorType(status), message: message ?? errorType(status), code: status },
  }),
};
