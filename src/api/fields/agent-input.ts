import { dataKey, dnsLabel } from "../rules/names.ts";
import { envName } from "../rules/env.ts";
import { mcpServersSize } from "../rules/size.ts";
import {
  headerName,
  MAX_TEXT_BYTES,
  noNul,
  noPlaceholder,
  notBlank,
  oneOf,
  programNamed,
  serverUrl,
  textSize,
} from "../rules/values.ts";
import { MAX_RESULT_DATA } from "../bounds.ts";
import { list, object, text } from "../schema/fields.ts";
import { matches } from "../schema/rule.ts";
import { keyRef, nameOf } from "./common.ts";

/** What an agent gets besides its prompt. */

export const promptFrom = object(
  {
    configMapKeyRef: keyRef("ConfigMap", "Key of a ConfigMap that holds the prompt.").optional(),
    secretKeyRef: keyRef("Secret", "Key of a Secret that holds the prompt.").optional(),
  },
  {
    description: "Source of the task, if it is long or private. Excludes prompt.",
    rules: [oneOf("secretKeyRef", "configMapKeyRef")],
  },
);

export const systemPrompt = text({
  description: "Text that is appended to the agent's own system prompt. At most 32 KiB.",
  maxLength: MAX_TEXT_BYTES,
  rules: [notBlank, textSize, noNul],
});

/** `instructions` of a run, and those of a namespace. */
export const instructions = (description: string) =>
  object(
    {
      text: text({
        description: "The instructions: at most 32 KiB.",
        maxLength: MAX_TEXT_BYTES,
        rules: [notBlank, textSize, noNul],
      }).optional(),
      configMapKeyRef: keyRef("ConfigMap", "Key of a ConfigMap that holds the instructions.").optional(),
    },
    {
      description: `${description} The agent reads them as the user's own file, such as ~/.claude/CLAUDE.md. The repository stays as it is.`,
      rules: [oneOf("text", "configMapKeyRef")],
    },
  );

export const resultSchema = text({
  description:
    "JSON schema of an object that the agent gives as its result, as text of at most 16 KiB. It is in status.result.data; a run without one fails. Only claude and codex support it. codex wants every object to have additionalProperties: false and all properties in required.",
  maxLength: MAX_RESULT_DATA,
  rules: [
    {
      rule: `size(bytes(self)) <= ${MAX_RESULT_DATA}`,
      message: `must be at most ${MAX_RESULT_DATA} bytes of UTF-8 (16 KiB)`,
    },
    {
      rule: matches("self", "^\\s*[{][^\\x00]*[}]\\s*$"),
      message: "must be a JSON schema, which is an object: { ... }",
    },
  ],
});

export const command = list(text({ description: "One word.", maxLength: 4096, rules: [noNul] }), {
  description:
    "Program of a run with agent custom and its first arguments, one in each item. The provider's cliArgs and args follow. A program without a slash is looked up on PATH. No shell reads it, and nothing in it is expanded.",
  minItems: 1,
  maxItems: 32,
  type: "atomic",
  rules: [programNamed],
});

export const args = list(text({ description: "One argument.", maxLength: 4096, rules: [noNul] }), {
  description: "Further arguments of the agent's command line, one in each item. They follow the provider's.",
  maxItems: 32,
  type: "atomic",
});

const valueFields = {
  value: text({
    description: "Its value. Put a key or token into a Secret, not here.",
    maxLength: 4096,
    rules: [noNul, noPlaceholder],
  }).optional(),
  secretKeyRef: object(
    {
      name: nameOf("Name of the Secret, in the same namespace."),
      key: text({ description: "Key within it.", maxLength: 253, rules: [dataKey] }),
    },
    { description: "Secret key that holds the value.", mapType: "atomic" },
  ).optional(),
};

const serverEnv = object(
  { name: text({ description: "Name of the variable.", maxLength: 253, rules: envName }), ...valueFields },
  { description: "One environment variable.", rules: [oneOf("value", "secretKeyRef")] },
);

const header = object(
  { name: text({ description: "Name of the header.", maxLength: 128, rules: [headerName] }), ...valueFields },
  { description: "One header.", rules: [oneOf("value", "secretKeyRef")] },
);

const mcpServer = object(
  {
    name: text({
      description: "Name that the agent shows for the server.",
      maxLength: 63,
      rules: [dnsLabel],
    }),
    command: text({
      description:
        "Program that speaks MCP over its standard input and output. It runs in the agent's container.",
      maxLength: 1024,
      rules: [notBlank, noNul, noPlaceholder],
    }).optional(),
    args: list(text({ description: "One argument.", maxLength: 4096, rules: [noNul, noPlaceholder] }), {
      description: "Arguments of the program.",
      maxItems: 32,
      type: "atomic",
    }).optional(),
    env: list(serverEnv, {
      description: "Environment variables of the program.",
      maxItems: 16,
      type: "map",
      keys: ["name"],
    }).optional(),
    url: text({
      description: "URL of a server that speaks MCP over HTTP.",
      maxLength: 2048,
      rules: [serverUrl, noPlaceholder],
    }).optional(),
    headers: list(header, {
      description: "HTTP headers of requests to it.",
      maxItems: 16,
      type: "map",
      keys: ["name"],
    }).optional(),
  },
  {
    description: "One MCP server.",
    rules: [
      oneOf("command", "url"),
      {
        rule: "has(self.command) || (!has(self.args) && !has(self.env))",
        message: "args and env are for a server with command; one with url has headers",
      },
      { rule: "has(self.url) || !has(self.headers)", message: "headers are for a server with url" },
    ],
  },
);

/** `mcpServers` of a run, and those of a namespace. */
export const mcpServers = (description: string) =>
  list(mcpServer, {
    description: `${description} Servers of an untrusted repository are not used.`,
    maxItems: 8,
    type: "map",
    keys: ["name"],
    rules: [mcpServersSize],
  });

const skill = object(
  {
    name: text({
      description: "Name of the skill's folder. Some agents want it to be the name that SKILL.md says.",
      minLength: 1,
      maxLength: 50,
      rules: [dnsLabel],
    }),
    configMapRef: object(
      { name: nameOf("Name of the ConfigMap, in the same namespace.") },
      {
        description: "ConfigMap whose keys are the skill's files. One of them is SKILL.md.",
        mapType: "atomic",
      },
    ),
  },
  { description: "One skill." },
);

/** `skills` of a run, and those of a namespace. */
export const skills = (description: string) =>
  list(skill, {
    description: `${description} The agent finds them as its user's own. Skills of an untrusted repository are not used.`,
    maxItems: 16,
    type: "map",
    keys: ["name"],
  });
