import { useMemo, useState } from "preact/hooks";
import type { AgentRun } from "../../api/agent-run.ts";
import { agentConfigs, agentProviders, agentWorkspaces } from "../../api/resources.ts";
import type { Nearby } from "../../plan/agent-run/foreseen.ts";
import { readObjects } from "./api.ts";
import { Hostile, Section } from "./text.tsx";
import { useReading } from "./use-runs.ts";
import { Yaml } from "./yaml.tsx";

/** What the run says itself, and what it has from elsewhere. */
export function Manifest({ run }: { run: AgentRun }) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = (name: string) => (event: { currentTarget: HTMLDetailsElement }) => {
    const { open } = event.currentTarget;
    setOpened((before) => new Set([...before, name].filter((each) => open || each !== name)));
  };
  const shown = useMemo(() => {
    const { managedFields: _, ...metadata } = run.metadata;
    const { apiVersion, kind, spec, status } = run;
    return { apiVersion, kind, metadata, spec, status };
  }, [run]);
  return (
    <Section title="Manifest">
      <details onToggle={toggle("origins")}>
        <summary>Every value that counts, and where it came from</summary>
        {opened.has("origins") && <Origins run={run} />}
      </details>
      <details onToggle={toggle("yaml")}>
        <summary>As YAML, with its status</summary>
        <div class="manifest" tabIndex={0} role="group" aria-label="Manifest">
          {opened.has("yaml") && <Yaml value={shown} />}
        </div>
      </details>
    </Section>
  );
}

async function readNearby({ metadata: { namespace = "" } }: AgentRun, signal: AbortSignal): Promise<Nearby> {
  const [configs, providers, workspaces] = await Promise.all([
    readObjects(agentConfigs, namespace, signal),
    readObjects(agentProviders, namespace, signal),
    readObjects(agentWorkspaces, namespace, signal),
  ]);
  return { configs, providers, workspaces };
}

/** Read anew whenever the run changes. What works it out is loaded when it is first needed. */
function Origins({ run }: { run: AgentRun }) {
  const { value, error } = useReading(
    async (signal) => (await import("./origins.ts")).originsOf(run, await readNearby(run, signal)),
    [run.metadata.resourceVersion],
  );
  if (error !== "") return <p class="muted">{error}</p>;
  if (value === undefined) return <p class="muted">Reading …</p>;
  if ("obstacle" in value)
    return (
      <p class="muted">
        It cannot be said as things are now: <Hostile text={value.obstacle} />
      </p>
    );
  if (value.values.length === 0)
    return <p class="muted">No agent works in this run: it only verifies or publishes.</p>;
  return (
    <div class="origins" tabIndex={0} role="group" aria-label="Values">
      <table>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {value.values.map(({ field, value: text, from }) => (
            <tr key={field}>
              <th scope="row">
                <Hostile text={field} />
              </th>
              <td>
                <Hostile text={text} />
              </td>
              <td>
                <Hostile text={from} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
