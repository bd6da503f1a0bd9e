import type { Rule } from "../schema/rule.ts";

// What a run starts with travels in the command line and environment of one container, and in its Job. Whatever
// is too large for those is refused here by its sum; what comes together from several objects, by the operator.

/** Of the variables of one object, names and values. */
export const MAX_ENV_BYTES = 256 * 1024;
/** Of all MCP servers: an agent is given them as one text, in which quotes and control characters grow. */
export const MAX_MCP_BYTES = 48 * 1024;
/** Of one value: the kernel takes no argument or variable of 128 KiB. */
export const MAX_VALUE_BYTES = 32 * 1024;

const bytes = (text: string): string => `size(bytes(${text}))`;
const optional = (text: string): string => `(has(${text}) ? ${bytes(text)} : 0)`;
const sum = (list: string, each: string): string => `${list}.map(each, ${each}).sum()`;
const optionalSum = (list: string, each: string): string => `(has(${list}) ? ${sum(list, each)} : 0)`;
const VARIABLE_BYTES = `${bytes("each.name")} + ${optional("each.value")}`;

const kib = (limit: number): string => `${limit / 1024} KiB`;

/** On a list of variables. */
export const envSize: Rule = {
  rule: `${sum("self", VARIABLE_BYTES)} <= ${MAX_ENV_BYTES}`,
  reason: "FieldValueForbidden",
  message: `names and values must have at most ${kib(MAX_ENV_BYTES)} together; put what is larger into a ConfigMap or the repository`,
};

/** On a map of variables. */
export const environmentSize: Rule = {
  rule: `${sum("self", `${bytes("each")} + ${bytes("self[each]")}`)} <= ${MAX_ENV_BYTES}`,
  reason: "FieldValueForbidden",
  message: envSize.message,
};

/** On the list of MCP servers. */
export const mcpServersSize: Rule = {
  rule: `self.map(server, ${[
    bytes("server.name"),
    optional("server.command"),
    optional("server.url"),
    optionalSum("server.args", bytes("each")),
    optionalSum("server.env", VARIABLE_BYTES),
    optionalSum("server.headers", VARIABLE_BYTES),
  ].join(" + ")}).sum() <= ${MAX_MCP_BYTES}`,
  reason: "FieldValueForbidden",
  message: `all servers must have at most ${kib(MAX_MCP_BYTES)} together; let a server read what is larger from a file`,
};

/** On one value. */
export const valueSize: Rule = {
  rule: `${bytes("self")} <= ${MAX_VALUE_BYTES}`,
  reason: "FieldValueForbidden",
  message: `must be at most ${MAX_VALUE_BYTES} bytes of UTF-8 (${kib(MAX_VALUE_BYTES)})`,
};
