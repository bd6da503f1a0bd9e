import { stringify } from "yaml";
import { API_GROUP } from "../api/group.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { printableJson, printableValue } from "../kube/printable.ts";

/** How an object is printed for programs. */
export type ObjectFormat = "name" | "yaml" | "json";

/** The object as text that ends with a line break. */
export function renderObject(object: AgentRun, format: ObjectFormat): string {
  if (format === "name") return `agentrun.${API_GROUP}/${object.metadata.name}\n`;
  return renderValue(shownObject(object), format);
}

/** The object without the list of who owns which field. */
export function shownObject(object: AgentRun): object {
  const { managedFields: _, ...metadata } = object.metadata;
  const { apiVersion, kind, spec, status } = object;
  return { apiVersion, kind, metadata, spec, ...(status === undefined ? {} : { status }) };
}

/** Any value as YAML or JSON in which nothing steers a terminal. */
export function renderValue(value: unknown, format: "yaml" | "json"): string {
  if (format === "json") return `${printableJson(JSON.stringify(value, undefined, 2))}\n`;
  return stringify(printableValue(value), { aliasDuplicateObjects: false, lineWidth: 0 });
}
