import { AGENT_TYPES } from "../../../src/api/agent-types.ts";
import type { AgentRun, AgentRunStatus } from "../../../src/api/agent-run.ts";
import type { ContainerStatus, Pod } from "../../../src/kube/builtin.ts";
import type { ObservedRun } from "../../../src/plan/agent-run/observed.ts";
import { planRun } from "../../../src/plan/agent-run/plan.ts";
import { withinBounds } from "../../../src/plan/within-bounds.ts";
import { inputTable, type Random } from "../table.ts";

/** What a terminal obeys, by code points and not by the product's own expression. */
const OBEYED = [
  ...Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 9 && code !== 10),
  ...Array.from({ length: 33 }, (_, index) => 0x7f + index),
  0x061c,
  0x200e,
  0x200f,
  0x2028,
  0x2029,
  0xfeff,
  0xd800,
  0xdfff,
  0x202a,
  0x202b,
  0x202c,
  0x202d,
  0x202e,
  0x2066,
  0x2067,
  0x2068,
  0x2069,
].map((code) => String.fromCharCode(code));

const PIECES = [...OBEYED, "\n", "\t", "[31m", "[2J", "]0;t", "\\", '"', "ü", "👩‍👩‍👧", "a", " ", "%s", "{", "}"];

const at = "2026-01-01T00:10:00Z";

const META = { namespace: "n", uid: "u", creationTimestamp: at };

/** An observed run in which every text that somebody else wrote is hostile. */
function observe(random: Random): { observed: ObservedRun; text: string } {
  const text = random.text(PIECES, 1, 40);
  const json = JSON.stringify(text).slice(1, -1);
  const git = `{"branch":"${json}","baseCommit":"${json}","headCommit":"${json}","commits":1}`;
  const messages = [
    text,
    `{"type":"agent-operator","reason":"InvalidImage","message":"${json}"}`,
    `{"type":"agent-operator","ok":true,"exitCode":0,"git":${git}}`,
    `{"type":"agent-operator","fetched":false,"message":"${json}"}`,
  ];
  const end = (exitCode: number): ContainerStatus["state"] => ({
    terminated: { exitCode, startedAt: at, finishedAt: at, reason: "Error", message: random.pick(messages) },
  });
  const states = [
    { running: { startedAt: at } },
    { waiting: { reason: random.pick(["ImagePullBackOff", text]), message: text } },
    end(0),
    end(random.pick([1, 64, 137])),
  ];
  const container = (name: string): ContainerStatus => {
    return { name, image: text, imageID: "", ready: false, restartCount: 0, state: random.pick(states) };
  };
  const conditions = [
    { type: "PodScheduled", status: "False" as const, reason: "Unschedulable", message: text },
    { type: "DisruptionTarget", status: "True" as const, reason: text, message: text },
  ];
  const pod: Pod = {
    metadata: { ...META, name: "r-x" },
    spec: { containers: [], activeDeadlineSeconds: 60 },
    status: {
      phase: random.pick(["Pending", "Running", "Failed", "Succeeded"]),
      reason: random.pick(["", "Evicted", "DeadlineExceeded"]),
      message: text,
      startTime: at,
      conditions: random.pick([[], conditions, conditions.slice(0, 1)]),
      initContainerStatuses: [container(random.pick(["git-clone", "git-worktree"]))],
      containerStatuses: [container("agent")],
    },
  };
  const agent = random.pick(AGENT_TYPES);
  const status: AgentRunStatus = {
    phase: random.pick(["Initializing", "Running"]),
    jobName: "r",
    podName: "r-x",
  };
  const run: AgentRun = {
    metadata: { ...META, name: "r" },
    spec: { agent, repository: { url: "https://h/r" }, prompt: "p" },
    status,
  };
  const job = {
    metadata: {
      ...META,
      name: "r",
      labels: { "agent.xonovex.com/agent-type": agent },
      annotations: factsOf(text),
    },
    status: { conditions: [{ type: "Failed", status: "True" as const, reason: text, message: text }] },
  };
  const observed: ObservedRun = {
    run,
    references: { secrets: new Map() },
    defaults: { gitImage: "g", agentImage: "a", operatorImage: "operator:1", imagePullTimeoutSeconds: 1 },
    now: Date.parse(at) + 300_000,
    warning: text,
    output: random.pick([{ missing: text }, { tail: saidOf(agent, json, text) }]),
    ...random.pick([
      { job, pod },
      { job, pod },
      { job, pod },
      { job },
      {},
      { refusal: { reason: random.pick(["NameTaken", "Forbidden", "PodRefused"] as const), message: text } },
    ]),
  };
  return { observed, text };
}

function factsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    ["provider", "model", "branch", "image", "timeout", "credential"].map((name) => [
      `agent.xonovex.com/${name}`,
      text,
    ]),
  );
}

/** Lines by which each agent says how it ended, with this text in each place. */
function saidOf(agent: string, json: string, text: string): string {
  const lines: Record<string, string[]> = {
    claude: [
      `{"type":"system","subtype":"api_retry","session_id":"${json}","error_status":429,"error":"${json}"}`,
      `{"type":"result","subtype":"error","is_error":true,"result":"${json}","session_id":"${json}","num_turns":1}`,
    ],
    opencode: [
      `{"type":"text","sessionID":"${json}","part":{"text":"${json}"}}`,
      `{"type":"error","sessionID":"${json}","error":{"name":"${json}","data":{"message":"${json}"}}}`,
    ],
    codex: [
      `{"type":"thread.started","thread_id":"${json}"}`,
      `{"type":"item.completed","item":{"type":"agent_message","text":"${json}"}}`,
      `{"type":"turn.failed","error":{"message":"${json}"}}`,
    ],
    gemini: [
      `{"type":"init","session_id":"${json}"}`,
      `{"type":"message","role":"assistant","content":"${json}"}`,
      `{"type":"result","status":"error","stats":{},"error":{"type":"E","message":"${json}"}}`,
    ],
    custom: [`{"type":"agent-operator-text","output":"${json}","log":"${json}"}`],
  };
  return [...(lines[agent] ?? []), text].join("\n");
}

/** Every text in a value, names of fields included, with its place. */
function* textsOf(value: unknown, place = ""): Generator<[string, string]> {
  if (typeof value === "string") yield [place, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    yield [`${place} (a name)`, key];
    yield* textsOf(item, `${place}.${key}`);
  }
}

/** Texts of others on every way into the status and events of a run. */
export const table = inputTable({
  name: "texts in statuses and events",
  never: "A terminal obeys something in a status or an event, or one of them is not written.",
  count: 4000,
  sample: 500,
  generate: observe,
  judge: (inputs) => Promise.resolve(inputs.flatMap(({ observed }) => seenIn(observed))),
});

function seenIn(observed: ObservedRun): string[] {
  const plan = withinBounds("AgentRun", planRun(observed));
  const written = { status: plan.status, events: plan.events };
  return [...textsOf(written)].flatMap(([place, text]) => {
    // Of code points: two halves that come together are a character as any other.
    const characters = new Set(text);
    const found = OBEYED.find((character) => characters.has(character));
    const broken = found ?? (isOneLine(place) && text.includes("\n") ? "\n" : undefined);
    return broken === undefined ? [] : [`${place}: ${JSON.stringify(text)}`];
  });
}

function isOneLine(place: string): boolean {
  return !/\.(message|text|note)$/.test(place);
}
