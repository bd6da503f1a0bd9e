import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { parse } from "yaml";
import { API_GROUP, API_VERSION } from "../../src/api/group.ts";
import { customResourceDefinitions, KINDS } from "../../src/api/kinds.ts";
import { ANNOTATION_CANCEL, ANNOTATION_RETRY } from "../../src/api/labels.ts";
import { enterStage } from "../../src/plan/agent-run/status.ts";
import { requireTool } from "../support/debian.ts";
import { aConfig, aProvider, aRun, aSchedule, METADATA, NOW, RUN_STAGES } from "../support/judged-objects.ts";
import { kstatusOf, type KStatus } from "../support/kstatus.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk } from "../support/run.ts";

const FILE = "config/argocd/argocd-cm.yaml";
const { data } = parse(readFileSync(join(projectRoot, FILE), "utf8")) as { data: Record<string, string> };
const HEALTH: Readonly<Record<KStatus, string>> = {
  Current: "Healthy",
  InProgress: "Progressing",
  Failed: "Degraded",
  Terminating: "Progressing",
};

interface Actions {
  "discovery.lua": string;
  definitions: { name: string; "action.lua": string }[];
}

/** JSON as Lua writes a table. */
function asLua(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map((each) => asLua(each)).join(",")}}`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `[${JSON.stringify(key)}]=${asLua(each)}`)
    .join(",")}}`;
}

/** What Argo CD has for a script: the basic functions, tables, and of os the clock. An empty table is an empty list. */
const HARNESS = `
local format, gsub, concat = string.format, string.gsub, table.concat
local function json(value)
  if type(value) == "string" then return (gsub(format("%q", value), "\\\\\\n", "\\\\n")) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  if value[1] ~= nil or next(value) == nil then
    for _, each in ipairs(value) do parts[#parts + 1] = json(each) end
    return "[" .. concat(parts, ",") .. "]"
  end
  for key, each in pairs(value) do parts[#parts + 1] = format("%q", key) .. ":" .. json(each) end
  return "{" .. concat(parts, ",") .. "}"
end
package.loaded.os = { date = os.date, time = os.time }
os, io, string, math, coroutine, debug = package.loaded.os, nil, nil, nil, nil, nil
getmetatable("").__index = nil
`;

async function inArgoCD(script: string, obj: object): Promise<unknown> {
  const input = `${HARNESS}\nobj = ${asLua(obj)}\nprint(json((function()\n${script}\nend)()))\n`;
  return JSON.parse(await runOk("lua5.1", ["-"], { input }));
}

const typed = (kind: string, object: object): object => ({
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind,
  ...object,
});

const health = async (kind: string, object: object): Promise<{ status: string; message: string }> =>
  (await inArgoCD(
    data[`resource.customizations.health.${API_GROUP}_${kind}`] ?? "",
    typed(kind, object),
  )) as { status: string; message: string };

function actionsOf(kind: string): Actions {
  return parse(data[`resource.customizations.actions.${API_GROUP}_${kind}`] ?? "") as Actions;
}

const act = async (kind: string, name: string, object: object): Promise<unknown> => {
  const action = actionsOf(kind).definitions.find((each) => each.name === name);
  assert.ok(action);
  return inArgoCD(action["action.lua"], typed(kind, object));
};

const disabled = async (kind: string, object: object): Promise<Record<string, boolean>> => {
  const found = (await inArgoCD(actionsOf(kind)["discovery.lua"], typed(kind, object))) as Record<
    string,
    { disabled: boolean }
  >;
  return Object.fromEntries(Object.entries(found).map(([name, each]) => [name, each.disabled]));
};

describe("Argo CD's scripts, in Lua", () => {
  before(() => requireTool("lua5.1", "lua5.1"));

  it("judge a run as kstatus does, and say why", async () => {
    for (const [stage, kstatus] of RUN_STAGES) {
      const { status, message } = await health("AgentRun", aRun(enterStage(aRun(), stage, NOW)));
      assert.equal(status, HEALTH[kstatus], stage.phase);
      assert.match(message, new RegExp(`^${stage.reason}: `));
    }
  });

  it("judge every kind as kstatus does", async () => {
    const workspace = (type: string, reason: string) => ({
      metadata: METADATA,
      spec: {},
      status: {
        observedGeneration: 1,
        conditions: [{ type, status: "True" as const, reason, message: "", lastTransitionTime: "" }],
      },
    });
    const objects: [kind: string, object: Parameters<typeof kstatusOf>[0]][] = [
      ["AgentProvider", aProvider()],
      ["AgentProvider", aProvider(["k"])],
      ["AgentConfig", aConfig("default")],
      ["AgentConfig", aConfig("second")],
      ["AgentSchedule", aSchedule({})],
      ["AgentSchedule", aSchedule({ timeZone: "Mars/Olympus" })],
      ["AgentWorkspace", workspace("Stalled", "CloneFailed")],
      ["AgentWorkspace", workspace("Ready", "Cloned")],
    ];
    const seen = new Set<string>();
    for (const [kind, object] of objects) {
      const kstatus = kstatusOf(object);
      seen.add(kstatus);
      assert.equal((await health(kind, object)).status, HEALTH[kstatus], JSON.stringify(object));
    }
    assert.deepEqual([...seen].toSorted(), ["Current", "Failed"]);
    assert.equal((await health("AgentSchedule", aSchedule({ suspend: true }))).status, "Suspended");
  });

  it("take what no operator has seen yet for at work, in every kind", async () => {
    assert.equal(customResourceDefinitions().length, KINDS.length);
    for (const { spec } of customResourceDefinitions()) {
      const { status } = spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
      const fallback = (status as { default?: object } | undefined)?.default;
      const object = { metadata: METADATA, spec: {}, ...(fallback && { status: fallback }) };
      assert.equal((await health(spec.names.kind, object)).status, "Progressing", spec.names.kind);
    }
  });

  it("offer to cancel a run until it has ended, and to do it again after that", async () => {
    for (const [stage, , finished] of RUN_STAGES) {
      const run = aRun(enterStage(aRun(), stage, NOW));
      assert.deepEqual(await disabled("AgentRun", run), { cancel: finished, retry: !finished });
    }
    const longest = { ...METADATA, name: "x".repeat(48) };
    const ended = { ...aRun(), metadata: longest, status: { phase: "Failed" } };
    assert.deepEqual(await disabled("AgentRun", ended), { cancel: true, retry: true });
    assert.deepEqual(await disabled("AgentWorkspace", { metadata: METADATA }), { retry: true });
    const failed = { metadata: METADATA, status: { phase: "Failed" } };
    assert.deepEqual(await disabled("AgentWorkspace", failed), { retry: false });
  });

  it("cancel a run and retry a clone by what the operator looks for", async () => {
    const annotated = async (kind: string, action: string): Promise<Record<string, string>> => {
      const { metadata } = (await act(kind, action, { metadata: METADATA, spec: {} })) as {
        metadata: { annotations: Record<string, string> };
      };
      return metadata.annotations;
    };
    assert.deepEqual(await annotated("AgentRun", "cancel"), { [ANNOTATION_CANCEL]: "true" });
    const { [ANNOTATION_RETRY]: at } = await annotated("AgentWorkspace", "retry");
    assert.match(at ?? "", /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("do a run again with the same spec, under a name that fits", async () => {
    const metadata = { ...METADATA, name: "x".repeat(47), uid: "u" };
    const spec = { prompt: 'say "it"\nagain', maxTurns: 60, args: [], env: [{ name: "A", value: "1" }] };
    const [{ operation, resource }] = (await act("AgentRun", "retry", { metadata, spec })) as [
      {
        operation: string;
        resource: { metadata: { name: string; ownerReferences: object[] }; spec: object };
      },
    ];
    assert.equal(operation, "create");
    assert.deepEqual(resource.spec, spec);
    assert.match(resource.metadata.name, /^x{47}-20\d{6}-\d{6}$/);
    assert.ok(resource.metadata.name.length <= 63);
    assert.deepEqual(resource.metadata.ownerReferences, [
      { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: "AgentRun", name: metadata.name, uid: "u" },
    ]);
  });
});
