import assert from "node:assert/strict";
import { test } from "node:test";
import { withSettings } from "./settings.ts";

const secret = { secretKeyRef: { name: "s", key: "k" } };

test("the operator's own values become words in front of the agent's, and the others stay variables", () => {
  const container = withSettings({
    name: "agent",
    command: ["/bin/sh", "script"],
    args: ["-p"],
    env: [
      { name: "HOME", value: "/home" },
      { name: "AGENT_CONTRACT", value: "3" },
      { name: "MINE", value: "x" },
      { name: "AGENT_NETWORK_A", value: "$(MINE)" },
      { name: "AGENT_MCP_TOKEN", valueFrom: secret },
      { name: "AGENT_PROMPT", value: "long" },
      { name: "RUN_DIR", value: "/run" },
      { name: "AGENT_CLI", value: "a=b -- c\nd" },
    ],
  });
  assert.deepEqual(container.command, ["/bin/sh", "script", "RUN_DIR=/run", "AGENT_CLI=a=b -- c\nd", "--"]);
  assert.deepEqual(container.args, ["-p"]);
  assert.deepEqual(
    container.env?.map(({ name }) => name),
    ["HOME", "AGENT_CONTRACT", "MINE", "AGENT_NETWORK_A", "AGENT_MCP_TOKEN", "AGENT_PROMPT"],
  );
});

test("a container without arguments of its own ends with the settings", () => {
  const container = withSettings({
    name: "c",
    command: ["script"],
    env: [{ name: "AGENT_RUN", value: "r" }],
  });
  assert.deepEqual(container, { name: "c", command: ["script", "AGENT_RUN=r"], env: [] });
});
