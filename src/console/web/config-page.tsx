import type { AgentConfig } from "../../api/agent-config.ts";
import { agentConfigs } from "../../api/resources.ts";
import { activeConfig } from "../../plan/active-config.ts";
import { nameIn } from "./kind-parts.tsx";
import { Hostile, Section } from "./text.tsx";
import { useObjects } from "./use-runs.ts";
import { Empty, namespaceIn, ViewPage, type ViewProps } from "./view.tsx";
import { Yaml } from "./yaml.tsx";

/** What the AgentConfig that is in force gives to the runs of each namespace. */
export function ConfigPage({ place, session }: ViewProps) {
  const namespace = namespaceIn(place, session);
  const configs = useObjects(agentConfigs, namespace);
  const byNamespace = Map.groupBy(configs.value.values(), ({ metadata }) => metadata.namespace ?? "");
  const inForce = [...byNamespace.values()].flatMap((all) => activeConfig(all) ?? []);
  return (
    <ViewPage place={place} session={session} lives={[configs]}>
      {inForce.length === 0 && (
        <Empty>
          <p>There is no AgentConfig, so runs have the operator’s own defaults.</p>
          <pre>
            <code>kubectl apply -f config/samples/agentconfig.yaml</code>
          </pre>
        </Empty>
      )}
      {inForce.map((config) => (
        <Config
          key={config.metadata.uid}
          config={config}
          title={nameIn(config, namespace)}
          others={(byNamespace.get(config.metadata.namespace ?? "") ?? []).filter((each) => each !== config)}
        />
      ))}
    </ViewPage>
  );
}

function Config({
  config: { spec = {} },
  title,
  others,
}: {
  config: AgentConfig;
  title: string;
  others: readonly AgentConfig[];
}) {
  const fields = Object.entries(spec).filter(([, value]) => value !== undefined);
  return (
    <Section title={title} aside={<span class="live">in force</span>}>
      {fields.length === 0 && <p class="muted">It sets nothing: runs have the operator’s own defaults.</p>}
      <dl class="facts defaults">
        {fields.map(([field, value]) => (
          <div key={field}>
            <dt>{field}</dt>
            <dd>
              {typeof value === "object" ? <Yaml value={value} /> : <Hostile text={`${value}`} lines />}
            </dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        A run’s own fields override them.
        {others.length > 0 &&
          ` Not in force here: ${others.map(({ metadata }) => metadata.name).join(", ")}. The one named default counts, else the oldest.`}
      </p>
    </Section>
  );
}
