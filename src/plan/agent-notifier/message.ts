import type { RunEvent } from "../../api/agent-notifier.ts";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { API_GROUP, API_VERSION } from "../../api/group.ts";
import { SINK_URL } from "../../api/rules/notifier.ts";
import { timestamp } from "../../kube/time.ts";
import { EVENT_TYPE, triggersOf } from "../agent-trigger/chain.ts";
import { neutralText } from "../neutral-text.ts";
import type { DueEvent } from "./due.ts";

/** What a sink gets. The same event makes the same body, byte for byte, however often and by whomever it is sent. */
export interface Message {
  contentType: string;
  body: string;
}

export function messageOf(format: "CloudEvents" | "Slack", due: DueEvent): Message {
  return format === "Slack"
    ? { contentType: "application/json", body: JSON.stringify(slackMessage(due)) }
    : { contentType: "application/cloudevents+json", body: JSON.stringify(cloudEvent(due)) };
}

/** A receiver drops an event whose source and id it has seen. */
function cloudEvent({ run, event, at }: DueEvent): object {
  const { namespace, name, uid } = run.metadata;
  return {
    specversion: "1.0",
    id: `${uid}.${event}`,
    source: `/apis/${API_GROUP}/${API_VERSION}/namespaces/${namespace}/agentruns`,
    type: `${EVENT_TYPE}${event.toLowerCase()}`,
    subject: name,
    time: timestamp(at),
    datacontenttype: "application/json",
    data: { namespace, name, uid, ...factsOf(run, event) },
  };
}

/** Only what does not change any more once the event has happened. */
function factsOf(run: AgentRun, event: RunEvent): object {
  const { agent, provider, model, startTime, ...status } = statusOf(run);
  const start = { agent, provider, model, startTime, triggers: triggersOf(run) };
  if (event === "Started") return start;
  const { phase, reason, message, branch, outcome, usage, published } = status;
  const { completionTime, duration, verification } = status;
  return {
    ...start,
    phase,
    reason,
    message,
    completionTime,
    duration,
    branch,
    outcome,
    usage,
    ...(verification && { verdict: verification.verdict }),
    published,
  };
}

function statusOf({ status }: AgentRun): AgentRunStatus {
  return status ?? { phase: "Pending" };
}

const MAX_WORDS = 2_000;

/** Nothing of it mentions people, leads elsewhere or is unfolded, but for the run's own pull request. */
function slackMessage({ run, event }: DueEvent): object {
  const { namespace, name } = run.metadata;
  const { reason = "", message = "", published, duration, usage } = statusOf(run);
  const what = `AgentRun ${namespace}/${name}`;
  const facts = [
    ...(duration === undefined ? [] : [duration]),
    ...(usage?.costUSD === undefined ? [] : [`$${usage.costUSD}`]),
  ];
  const url = published?.pullRequest?.url ?? "";
  const words = neutralText(message, MAX_WORDS).replaceAll("`", "'");
  const lines =
    event === "Started"
      ? [`*${escaped(what)}*: Started`]
      : [
          `*${escaped(what)}*: ${event} (${escaped([reason, ...facts].filter((each) => each !== "").join(", "))})`,
          ...(new RegExp(SINK_URL, "u").test(url) ? [`Pull request: ${escaped(url)}`] : []),
          ...(words === "" ? [] : [`\`\`\`\n${escaped(words)}\n\`\`\``]),
        ];
  return { text: lines.join("\n"), unfurl_links: false, unfurl_media: false };
}

/** Slack's own three characters. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
