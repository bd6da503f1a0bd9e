import { agentProviders } from "../../api/resources.ts";
import { hashOf, NO_FILTER } from "./address.ts";
import { figuresOf, shortMoney } from "./figures.ts";
import { inOrder, nameIn, Ready } from "./kind-parts.tsx";
import type { Row } from "./rows.ts";
import { Hostile, Section } from "./text.tsx";
import { useObjects, useRuns } from "./use-runs.ts";
import { Empty, namespaceIn, ViewPage, type ViewProps } from "./view.tsx";

/** Each provider: whether runs can use it, and what they came to with it. */
export function ProvidersPage({ place, session }: ViewProps) {
  const namespace = namespaceIn(place, session);
  const providers = useObjects(agentProviders, namespace);
  const runs = useRuns(namespace);
  const rows = [...runs.value.values()];
  return (
    <ViewPage place={place} session={session} lives={[providers, runs]}>
      {providers.value.size === 0 ? (
        <Empty>
          <p>There is no provider: a model service with its address and the Secret that has its key.</p>
          <pre>
            <code>kubectl apply -f config/samples/agentprovider.yaml</code>
          </pre>
        </Empty>
      ) : (
        <Section title="All of them">
          <div class="scroll" tabIndex={0} role="group" aria-label="Providers">
            <table class="figures">
              <caption class="unseen">Providers and what their runs came to</caption>
              <thead>
                <tr>
                  {["Provider", "Ready", "Model", "Agents"].map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                  {["At work", "Runs", "Failed", "Cost"].map((name) => (
                    <th key={name} scope="col" class="numeric">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {inOrder(providers.value).map(({ metadata, spec, status }) => {
                  const isIts = (row: Row): boolean =>
                    row.namespace === metadata.namespace && row.provider === metadata.name;
                  const own = rows.filter(isIts);
                  const figures = figuresOf("", own);
                  const ended = figures.succeeded + figures.failed;
                  const filter = { ...NO_FILTER, provider: metadata.name ?? "" };
                  return (
                    <tr key={metadata.uid}>
                      <th scope="row">
                        {nameIn({ metadata }, namespace)}
                        {spec.displayName !== undefined && (
                          <div class="muted">
                            <Hostile text={spec.displayName} />
                          </div>
                        )}
                      </th>
                      <td>
                        <Ready conditions={status?.conditions} />
                      </td>
                      <td>
                        <Hostile text={spec.model ?? "the run’s"} />
                      </td>
                      <td>{spec.agentTypes?.join(", ") ?? "every"}</td>
                      <td class="numeric">
                        {own.filter(({ phase }) => phase === "Running" || phase === "Initializing").length}
                        {spec.maxRunning !== undefined && ` of ${spec.maxRunning}`}
                      </td>
                      <td class="numeric">
                        <a href={hashOf({ page: "runs", namespace: metadata.namespace ?? "", filter })}>
                          {figures.runs}
                        </a>
                      </td>
                      <td class="numeric">
                        {ended === 0
                          ? "none ended"
                          : `${figures.failed} (${Math.round((figures.failed / ended) * 100)} %)`}
                      </td>
                      <td class="numeric">{shortMoney(figures.cost)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </Section>
      )}
    </ViewPage>
  );
}
