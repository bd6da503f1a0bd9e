import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { projectRoot } from "../project-files.ts";

type Json = Record<string, unknown>;

interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: Json }[];
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<
    string,
    { content?: Record<string, { schema: Json; examples?: Record<string, { value: unknown }> }> }
  >;
}

/** What GitHub has published of its API: each request and answer is held to it. */
export interface GitHubDescription {
  /** Throws if a request is none of these operations, or is not as it is described. */
  checkRequest(operation: string, query: URLSearchParams, body: unknown): void;
  /** Throws if an answer of that status is described and this is none. */
  checkAnswer(operation: string, status: number, body: unknown): void;
  /** The example that the description has of an answer. */
  example<Answer extends Json | Json[]>(operation: string, status: number): Answer;
}

/** Read once: it is large. */
const read = { once: undefined as GitHubDescription | undefined };

export function readGitHubDescription(): GitHubDescription {
  return (read.once ??= describeGitHub());
}

function describeGitHub(): GitHubDescription {
  const file = join(projectRoot, "node_modules/@octokit/openapi/generated/api.github.com.json");
  const document = JSON.parse(readFileSync(file, "utf8")) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const operations = new Map<string, Operation>();
  const find = (name: string): Operation => {
    const [method = "", path = ""] = name.split(" ");
    const known = operations.get(name);
    if (known) return known;
    const raw = document.paths[path]?.[method.toLowerCase()];
    assert.ok(raw, `GitHub has no operation ${name}`);
    const operation = resolved(raw, document) as Operation;
    operations.set(name, operation);
    return operation;
  };
  const json = (content: Operation["requestBody"]) => content?.content["application/json"];
  return {
    checkRequest(name, query, body) {
      const { parameters = [], requestBody } = find(name);
      for (const [key, value] of query) {
        const parameter = parameters.find((each) => each.in === "query" && each.name === key);
        assert.ok(parameter, `${name} has no parameter ${key}`);
        const typed = parameter.schema["type"] === "integer" ? Number(value) : value;
        check(parameter.schema, typed, `${name}: ${key}`);
      }
      const schema = json(requestBody)?.schema;
      if (body === undefined) return;
      assert.ok(schema, `${name} has no body`);
      const properties = (schema["properties"] ??
        (schema["oneOf"] as Json[] | undefined)?.[0]?.["properties"]) as Json;
      for (const key of Object.keys(body as Json)) assert.ok(key in properties, `${name}: ${key} is unknown`);
      check(schema, body, name);
    },
    checkAnswer(name, status, body) {
      const answer = find(name).responses[status];
      if (status < 400) assert.ok(answer, `${name} never answers ${status}`);
      const schema = answer?.content?.["application/json"]?.schema;
      if (schema) check(schema, body, `${name}: ${status}`);
    },
    example: <Answer>(name: string, status: number) => {
      const { examples = {} } = find(name).responses[status]?.content?.["application/json"] ?? {};
      return structuredClone(Object.values(examples)[0]?.value) as Answer;
    },
  };
}

function check(schema: Json, value: unknown, what: string): void {
  const { error } = z.fromJSONSchema(schema as never, { defaultTarget: "openapi-3.0" }).safeParse(value);
  assert.equal(error, undefined, `${what}: ${JSON.stringify(error?.issues)}`);
}

/** With every reference followed; what is described there has no circles. */
function resolved(value: unknown, document: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => resolved(each, document));
  if (typeof value !== "object" || value === null) return value;
  const { $ref } = value as { $ref?: string };
  if (typeof $ref === "string") {
    const names = $ref.slice(2).split("/");
    const target = names.reduce<unknown>((at, name) => (at as Json)[name.replaceAll("~1", "/")], document);
    return resolved(target, document);
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each, document)]));
}
