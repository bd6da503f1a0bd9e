import type { AgentTrigger, RunTemplateSpec } from "../../api/agent-trigger.ts";
import { compileEventExpression, type EventExpression, type EventVariables } from "./expression.ts";
import { compileTemplate, type TextTemplate } from "./template.ts";

/** A trigger whose expressions are ready to be evaluated. */
export interface CompiledTrigger {
  trigger: AgentTrigger;
  when?: EventExpression;
  group?: EventExpression;
  labels: ReadonlyMap<string, TextTemplate>;
  annotations: ReadonlyMap<string, TextTemplate>;
  /** What has expressions in the template's spec. */
  texts: readonly TemplateField[];
}

/** A field of the template's spec that holds expressions. */
export interface TemplateField {
  path: string;
  template: TextTemplate;
  put: (spec: RunTemplateSpec, text: string) => void;
}

/** A template with what an event came to in it, or the field that could not be rendered and why. */
export type RenderedTemplate =
  | { labels: Record<string, string>; annotations: Record<string, string>; spec: RunTemplateSpec }
  | { error: string };

/** Reads all expressions of a trigger; `error` names the first field that cannot be read. */
export function compileTrigger(
  trigger: AgentTrigger,
  now: () => number,
): CompiledTrigger | { error: string } {
  const { when, concurrency, runTemplate } = trigger.spec;
  let path = "";
  const at = <T>(field: string, compile: () => T): T => {
    path = field;
    return compile();
  };
  const map = (name: "labels" | "annotations") =>
    new Map(
      Object.entries(runTemplate.metadata?.[name] ?? {}).map(([key, source]) => [
        key,
        at(`runTemplate.metadata.${name}[${key}]`, () => compileTemplate(source, now)),
      ]),
    );
  try {
    return {
      trigger,
      ...(when !== undefined && { when: at("when", () => compileEventExpression(when, now)) }),
      ...(concurrency && {
        group: at("concurrency.group", () => compileEventExpression(concurrency.group, now)),
      }),
      labels: map("labels"),
      annotations: map("annotations"),
      texts: textsIn(runTemplate.spec).map(({ source, ...field }) => ({
        ...field,
        template: at(`runTemplate.spec.${field.path}`, () => compileTemplate(source, now)),
      })),
    };
  } catch (error) {
    return { error: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The template with this event in it. Each text stays in its own field. */
export function renderTemplate(compiled: CompiledTrigger, variables: EventVariables): RenderedTemplate {
  const spec = structuredClone(compiled.trigger.spec.runTemplate.spec);
  for (const { path, template, put } of compiled.texts) {
    const rendered = template(variables);
    if ("error" in rendered) return { error: `${path}: ${rendered.error}` };
    put(spec, rendered.text);
  }
  const labels = renderMap("labels", compiled.labels, variables);
  if ("error" in labels) return labels;
  const annotations = renderMap("annotations", compiled.annotations, variables);
  if ("error" in annotations) return annotations;
  return { labels: labels.values, annotations: annotations.values, spec };
}

function renderMap(
  name: string,
  templates: ReadonlyMap<string, TextTemplate>,
  variables: EventVariables,
): { values: Record<string, string> } | { error: string } {
  const values: [string, string][] = [];
  for (const [key, template] of templates) {
    const rendered = template(variables);
    if ("error" in rendered) return { error: `${name}[${key}]: ${rendered.error}` };
    values.push([key, rendered.text]);
  }
  return { values: Object.fromEntries(values) };
}

interface TextField extends Pick<TemplateField, "path" | "put"> {
  source: string;
}

/** An object of the template and the names of the texts in it that may hold expressions. */
type Place = [path: string, find: (spec: RunTemplateSpec) => object | undefined, names: readonly string[]];

const PLACES: readonly Place[] = [
  ["", (spec) => spec, ["prompt"]],
  ["repository.", ({ repository }) => repository, ["branch", "commit"]],
  ["worktree.", ({ worktree }) => worktree, ["branch", "sourceBranch"]],
  ["publish.", ({ publish }) => publish, ["branch"]],
  ["publish.pullRequest.", ({ publish }) => publish?.pullRequest, ["base"]],
];

function textsIn(spec: RunTemplateSpec): TextField[] {
  const variables = (spec.env ?? []).map(({ name }, index): Place => [
    `env[${name}].`,
    ({ env }) => env?.[index],
    ["value"],
  ]);
  return [...PLACES, ...variables].flatMap(([path, find, names]) =>
    names.flatMap((name) => {
      const source: unknown = Reflect.get(find(spec) ?? {}, name);
      if (typeof source !== "string" || !source.includes("${")) return [];
      const put: TextField["put"] = (copy, text) => void Reflect.set(find(copy) ?? {}, name, text);
      return [{ path: `${path}${name}`, source, put }];
    }),
  );
}
