import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import { agentProviders, agentWorkspaces } from "../../api/resources.ts";
import { continuing, nameForRetry, retried } from "../../plan/agent-run/retried.ts";
import { useAccess } from "./actions.tsx";
import { hashOf, type Place } from "./address.ts";
import {
  call,
  CallError,
  createRun,
  currentUser,
  readNames,
  readRun,
  type Cause,
  type Session,
} from "./api.ts";
import { Field } from "./form-field.tsx";
import { isValues, withValue, type Schema, type Values } from "./form-values.ts";
import { Hostile, Notice, Section } from "./text.tsx";
import { namespaceIn } from "./view.tsx";
import { fromYaml, toYaml } from "./yaml.tsx";

type NewPlace = Extract<Place, { page: "new" }>;

/** What most runs need; the rest is folded. */
const FIRST = ["prompt", "agent", "providerRef", "model", "repository", "workspaceRef", "timeout"] as const;
const TITLES = { "": "New run", again: "Start again", resume: "Resume" } as const;

/** A form and a manifest that say the same, and what the API server makes of them before anything is created. */
export function NewRunPage({ place, session }: { place: NewPlace; session: Session }) {
  const namespace = namespaceIn(place, session) ?? "default";
  const schema = useSchema();
  const [begun, setBegun] = useState<Values | undefined>(undefined);
  const [error, setError] = useState("");
  const title = place.from === "" ? TITLES[place.how] : `${TITLES[place.how]}: ${place.from}`;
  useEffect(() => void (document.title = `${title} · Agent Operator`), [title]);
  useEffect(() => {
    const stop = new AbortController();
    begin(place, namespace, stop.signal).then(setBegun, (failed: Error) => {
      if (!stop.signal.aborted) setError(failed.message);
    });
    return () => stop.abort();
  }, [place.how, place.from, namespace]);
  return (
    <main class="view">
      <div class="title">
        <h1>{title}</h1>
        <span class="muted">in the namespace {namespace}</span>
      </div>
      {error !== "" && (
        <Notice kind="error">
          <Hostile text={error} />
        </Notice>
      )}
      {begun && schema && <Form begun={begun} schema={schema} namespace={namespace} />}
    </main>
  );
}

function useSchema(): Schema | undefined {
  const [schema, setSchema] = useState<Schema | undefined>(undefined);
  useEffect(() => {
    const read = async (): Promise<void> =>
      setSchema(((await (await call("GET", "/agentrun.json")).json()) as Schema).properties?.["spec"]);
    read().catch(() => undefined);
  }, []);
  return schema;
}

/** The manifest that the form opens with. */
async function begin({ how, from }: NewPlace, namespace: string, signal: AbortSignal): Promise<Values> {
  if (how === "") return { metadata: { name: "" }, spec: { agent: "claude" } };
  const before = await readRun({ namespace, name: from }, signal);
  const name = nameForRetry(from, () => false);
  const next = retried(before, { name, user: await currentUser() });
  const { namespace: _, ...metadata } = next.metadata;
  return { metadata, spec: how === "resume" ? { prompt: "", ...continuing(before, false) } : next.spec };
}

function Form({ begun, schema, namespace }: { begun: Values; schema: Schema; namespace: string }) {
  const [values, setValues] = useState(begun);
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const [causes, setCauses] = useState<readonly Cause[]>([]);
  const [said, setSaid] = useState("");
  const allowed = useAccess(namespace);
  const offers = useOffers(namespace);
  const latest = useRef(values);
  const show = (next: Values): void => {
    latest.current = next;
    setValues(next);
    setSaid("");
  };
  // The text follows the form; while it is written in, the form follows it.
  const write = (next: Values): void => {
    show(next);
    setProblem("");
    void toYaml(next).then((made) => latest.current === next && setText(made));
  };
  useEffect(() => write(begun), [begun]);
  const read = async (typed: string): Promise<void> => {
    setText(typed);
    try {
      const given = await fromYaml(typed);
      if (!isValues(given)) throw new Error("This is no manifest: write metadata and spec.");
      setProblem("");
      show(given);
    } catch (failed) {
      setProblem(messageOf(failed));
    }
  };
  const send = async (dryRun: boolean): Promise<void> => {
    setSaid("Asking the API server …");
    setCauses([]);
    try {
      const run = runOf(values, namespace);
      await createRun(run, { dryRun: true });
      if (dryRun) return setSaid("The API server would take it.");
      const name = await createRun(run);
      location.hash = hashOf({ page: "run", namespace, name });
    } catch (error) {
      setSaid("");
      setCauses(
        error instanceof CallError && error.causes.length > 0
          ? error.causes
          : [{ field: "", message: messageOf(error) }],
      );
    }
  };
  const set = (path: readonly string[], value: unknown): void =>
    write(withValue(latest.current, path, value));
  const shared = { values, set, causes, offers };
  const { first, more } = useMemo(() => partsOf(schema), [schema]);
  const mayCreate = allowed?.has("retry") === true;
  return (
    <form
      class="columns new-run"
      onSubmit={(event) => {
        event.preventDefault();
        if (mayCreate && problem === "") void send(false);
      }}
    >
      <Section title="Fields">
        <Field {...shared} schema={NAME} path={["metadata", "name"]} isRequired />
        {first.map(([name, each]) => (
          <Field key={name} {...shared} schema={each} path={["spec", name]} />
        ))}
        <details class="field group">
          <summary>All other fields</summary>
          {more.map(([name, each]) => (
            <Field key={name} {...shared} schema={each} path={["spec", name]} />
          ))}
        </details>
      </Section>
      <div class="beside">
        <Section title="Manifest">
          <textarea
            class="code"
            aria-label="Manifest as YAML"
            spellcheck={false}
            rows={22}
            value={text}
            onInput={({ currentTarget }) => void read(currentTarget.value)}
          />
          {problem !== "" && (
            <p class="wrong">
              <Hostile text={problem} lines />
            </p>
          )}
          <div class="actions">
            <button type="submit" class="primary" disabled={!mayCreate || problem !== ""}>
              Create
            </button>
            <button type="button" disabled={!mayCreate || problem !== ""} onClick={() => void send(true)}>
              Check
            </button>
            <span role="status" class="said">
              {allowed !== undefined && !mayCreate ? "You may not create runs here." : said}
            </span>
          </div>
          {causes.length > 0 && (
            <Notice kind="error">
              <ul class="plain">
                {causes.map(({ field, message }, index) => (
                  <li key={index}>
                    {field !== "" && field !== "<nil>" && <code>{field} </code>}
                    <Hostile text={message} />
                  </li>
                ))}
              </ul>
            </Notice>
          )}
        </Section>
      </div>
    </form>
  );
}

const NAME: Schema = {
  type: "string",
  maxLength: 63,
  description: "Name of the run, free in its namespace.",
};

function partsOf({ properties = {} }: Schema) {
  const isFirst = (name: string): boolean => FIRST.some((each) => each === name);
  return {
    first: FIRST.flatMap((name): [string, Schema][] => (properties[name] ? [[name, properties[name]]] : [])),
    more: Object.entries(properties).filter(([name]) => !isFirst(name)),
  };
}

function useOffers(namespace: string): Readonly<Record<string, readonly string[]>> {
  const [offers, setOffers] = useState<Readonly<Record<string, readonly string[]>>>({});
  useEffect(() => {
    const stop = new AbortController();
    for (const [field, type] of [
      ["providerRef", agentProviders],
      ["workspaceRef", agentWorkspaces],
    ] as const)
      void readNames(type, namespace, stop.signal).then((names) =>
        setOffers((before) => ({ ...before, [field]: names })),
      );
    return () => stop.abort();
  }, [namespace]);
  return offers;
}

/** In the namespace of the page whatever the text says: the request's path names it. */
function runOf({ metadata, spec }: Values, namespace: string): AgentRun {
  return {
    metadata: { ...(isValues(metadata) ? metadata : {}), namespace },
    spec: (isValues(spec) ? spec : {}) as AgentRun["spec"],
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
