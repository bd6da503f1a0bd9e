import type { AgentRun } from "../../api/agent-run.ts";
import type { ConfigMap } from "../../kube/builtin.ts";
import { printableValue } from "../../kube/printable.ts";
import type { Dependency, RunsByName } from "../agent-run/dependencies.ts";
import { runInputsName } from "./names.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { runLabels } from "./labels.ts";
import { ownedByRun } from "./owner.ts";

/** Of each file. */
const MAX_BYTES = 16 * 1024;

/** What the runs that this one depends on have left, a JSON file for each. */
export function buildRunInputs(run: ResolvedRun, ended: readonly Dependency[], runs: RunsByName): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: runInputsName(run.name),
      namespace: run.namespace,
      labels: runLabels(run),
      ownerReferences: [ownedByRun(run)],
    },
    immutable: true,
    data: Object.fromEntries(ended.map((each) => [`${each.run}.json`, inputOf(each, runs(each.run))])),
  };
}

/** Of the run itself while it exists; its status here holds less of it. */
function inputOf(ended: Dependency, run: AgentRun | undefined): string {
  const { uid, text, ...facts } = ended;
  const status = run?.metadata.uid === uid ? run?.status : undefined;
  const { git, data, textTruncated, text: whole = text } = status?.result ?? {};
  const input = printableValue({
    ...facts,
    message: status?.message,
    git,
    published: status?.published,
    text: whole,
    textTruncated,
    data,
  });
  for (let left = input; ;) {
    const json = `${JSON.stringify(left, undefined, 2)}\n`;
    const { text = "", message = "" } = left;
    if (bytesOf(json) <= MAX_BYTES || (text + message === "" && left.data === undefined)) return json;
    left =
      text + message === ""
        ? { ...left, data: undefined }
        : text.length >= message.length
          ? { ...left, text: shorter(text), textTruncated: true }
          : { ...left, message: shorter(message) };
  }
}

/** Never half a character. */
function shorter(text: string): string {
  return [...text].slice(0, Math.floor([...text].length * 0.8)).join("");
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}
