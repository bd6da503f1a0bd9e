import { objectOf, type JsonObject } from "../kube/json.ts";
import { asList, readTools, textOf } from "./model-conversation.ts";
import type { Conversation } from "./model-conversation.ts";
import { stopReason } from "./model-protocol.ts";
import type { Answer, Protocol } from "./model-protocol.ts";

/** The model is part of the path: `/v1beta/models/NAME:streamGenerateContent`. */
const PATH = /\/models\/([^:]+):(streamG|g)enerateContent$/;

function read(body: JsonObject, pathname: string): Conversation {
  const [, model = "scripted", method] = PATH.exec(pathname) ?? [];
  const contents = asList(body["contents"]).map(objectOf);
  return {
    prompt: contents
      .filter(({ role }) => role === "user")
      .map(({ parts }) => textOf(parts))
      .join("\n"),
    answers: contents.filter(({ role }) => role === "model").length,
    tools: asList(body["tools"]).flatMap((tool) => readTools(objectOf(tool)["functionDeclarations"])),
    model,
    stream: method === "streamG",
    json: objectOf(body["generationConfig"])["responseMimeType"] === "application/json",
  };
}

function partsOf({ id, text, calls }: Answer): JsonObject[] {
  return [
    ...(text === "" ? [] : [{ text }]),
    ...calls.map(({ name, input }, index) => ({
      functionCall: { id: `call_${id}_${index}`, name, args: input },
    })),
  ];
}

function whole(answer: Answer): JsonObject {
  const { id, model, usage } = answer;
  const prompt = usage.input + usage.cacheRead;
  return {
    candidates: [
      {
        index: 0,
        content: { role: "model", parts: partsOf(answer) },
        finishReason: stopReason(answer, { tooLong: "MAX_TOKENS", calls: "STOP", end: "STOP" }),
      },
    ],
    usageMetadata: {
      promptTokenCount: prompt,
      cachedContentTokenCount: usage.cacheRead,
      candidatesTokenCount: usage.output,
      totalTokenCount: prompt + usage.output,
    },
    modelVersion: model,
    responseId: `response_${id}`,
  };
}

/** Google's Gemini API: `POST /v1beta/models/NAME:generateContent`. */
export const gemini: Protocol = {
  serves: (pathname) => PATH.test(pathname),
  read,
  whole,
  events: (answer) => [`data: ${JSON.stringify(whole(answer))}\n\n`],
  error: ({ status, type, message }) => ({
    error: { code: status, message: message ?? statusName(status), status: type ?? statusName(status) },
  }),
};

/** The names that Google's APIs give their errors. */
function statusName(status: number): string {
  const names: Readonly<Record<number, string>> = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
  };
  return names[status] ?? "INTERNAL";
}
